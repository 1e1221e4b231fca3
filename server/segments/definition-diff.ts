/** What distinguishes two versions of a definition, place by place. */

/** A place where two definitions differ, by its path, such as `node.cart.idle.max`. What is missing is null. */
export type Difference = { path: string; before: unknown; after: unknown }

/** The differences between two JSON values, in the order of the later one. */
export function diffOf(before: unknown, after: unknown, path = ''): Difference[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  if (Array.isArray(before) && Array.isArray(after)) return diffOfLists(before, after, path)
  if (isObject(before) && isObject(after)) {
    const names = [...new Set([...Object.keys(after), ...Object.keys(before)])]
    // Another kind of node is another node.
    if (names.length > 1 && isNode(before) && isNode(after)) return [{ path, before, after }]
    return names.flatMap((name) => diffOf(before[name], after[name], path === '' ? name : `${path}.${name}`))
  }
  return [{ path, before: before ?? null, after: after ?? null }]
}

/** Compares what lies between the equal ends of two lists. */
function diffOfLists(before: unknown[], after: unknown[], path: string): Difference[] {
  const isSame = (i: number, j: number) => JSON.stringify(before[i]) === JSON.stringify(after[j])
  let start = 0
  while (start < before.length && start < after.length && isSame(start, start)) start++
  let [endBefore, endAfter] = [before.length, after.length]
  while (endBefore > start && endAfter > start && isSame(endBefore - 1, endAfter - 1)) {
    endBefore--
    endAfter--
  }
  const count = Math.max(endBefore, endAfter) - start
  return Array.from({ length: count }, (_, n) => start + n).flatMap((i) =>
    diffOf(i < endBefore ? before[i] : null, i < endAfter ? after[i] : null, `${path}.${i}`),
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isNode(value: Record<string, unknown>): boolean {
  return Object.keys(value).length === 1
}
