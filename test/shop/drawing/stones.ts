/**
 * Stones and pearls for the shop's drawings. A cut stone is its facets: flat polygons whose shade comes from the way
 * they face and from a fixed wobble, which is what makes a drawing of a stone sparkle. Stones are drawn once with a
 * radius of one, as symbols, and placed with `place`, so that a bracelet of fifty of them stays small.
 */
import { n, shade } from './metal.ts'

/** The stones the house sets. */
export type Stone = 'diamond' | 'sapphire' | 'emerald' | 'ruby' | 'onyx'

const RAMPS: Record<Stone, string[]> = {
  diamond: ['#56697f', '#9fb4c8', '#dbe7f1', '#ffffff', '#ffffff'],
  sapphire: ['#030a33', '#12308f', '#2f62d8', '#7ea5ff', '#e6efff'],
  emerald: ['#011c13', '#07583a', '#18935f', '#66d3a0', '#e2fff1'],
  ruby: ['#2c020d', '#8a0c2b', '#cf2344', '#f7788a', '#ffe6e8'],
  onyx: ['#020203', '#131318', '#2a2a33', '#6d6d7d', '#f0f0f6'],
}

type Point = [number, number]

const round = (angle: number, radius: number): Point => [Math.cos(angle) * radius, Math.sin(angle) * radius]
const f = (value: number) => String(Math.round(value * 1000) / 1000)

/** A fixed number between -1 and 1 for a facet, so that the same stone is drawn at every start. */
const wobble = (seed: number) => {
  const x = Math.sin(seed * 127.1 + 3.7) * 43758.5453
  return (x - Math.floor(x)) * 2 - 1
}

function facet(points: Point[], stone: Stone, lift: number, seed: number): string {
  const x = points.reduce((sum, point) => sum + point[0], 0) / points.length
  const y = points.reduce((sum, point) => sum + point[1], 0) / points.length
  const t = 0.5 - 0.22 * (x + y) + 0.2 * wobble(seed) + lift
  const colour = shade(RAMPS[stone], t)
  return `<path d="M${points.map(([px, py]) => `${f(px)} ${f(py)}`).join('L')}Z" fill="${colour}" stroke="${colour}" stroke-width=".012"/>`
}

/** A brilliant seen from above, with a radius of one: table, stars, kites and girdle facets. */
export function brilliant(stone: Stone, seed = 1): string {
  const eighth = Math.PI / 4
  const table = (k: number) => round(k * eighth, 0.54)
  const main = (k: number) => round((k + 0.5) * eighth, 0.78)
  const girdle = (j: number) => round((j * eighth) / 2, 1)
  const parts: string[] = []
  for (let k = 0; k < 8; k++) {
    const s = seed * 100 + k * 7
    parts.push(facet([main(k), girdle(2 * k), girdle(2 * k + 1)], stone, -0.16, s))
    parts.push(facet([main(k), girdle(2 * k + 1), girdle(2 * k + 2)], stone, -0.06, s + 1))
    parts.push(facet([table(k), main(k - 1), girdle(2 * k), main(k)], stone, 0.06, s + 2))
    parts.push(facet([table(k), table(k + 1), main(k)], stone, 0.2, s + 3))
    parts.push(facet([[0, 0], table(k), round((k + 0.5) * eighth, 0.5)], stone, k % 2 ? 0.26 : -0.14, s + 4))
    parts.push(facet([[0, 0], round((k + 0.5) * eighth, 0.5), table(k + 1)], stone, k % 2 ? -0.1 : 0.22, s + 5))
  }
  return `<circle r="1.02" fill="${shade(RAMPS[stone], 0.12)}"/>${parts.join('')}<path d="M-.4 -.28L-.1 -.46L.06 -.4L-.34 -.06Z" fill="#fff" opacity=".75"/>`
}

/** An emerald cut seen from above: steps of an octagon, `tall` times as high as wide. */
export function stepCut(stone: Stone, tall = 1.35, seed = 2): string {
  const corners = (size: number): Point[] => {
    const w = size
    const h = size * tall
    const c = 0.32 * size
    return [
      [-w + c, -h],
      [w - c, -h],
      [w, -h + c],
      [w, h - c],
      [w - c, h],
      [-w + c, h],
      [-w, h - c],
      [-w, -h + c],
    ]
  }
  const rings = [1, 0.84, 0.68, 0.52]
  const lift = [0.3, -0.02, -0.16, -0.1, -0.24, 0.06, 0.16, 0.24]
  const steps = rings.slice(0, -1).flatMap((size, ring) =>
    corners(size).map((corner, at) => {
      const next = (at + 1) % 8
      const inner = corners(rings[ring + 1]!)
      return facet(
        [corner, corners(size)[next]!, inner[next]!, inner[at]!],
        stone,
        lift[at]!,
        seed * 31 + ring * 9 + at,
      )
    }),
  )
  const t = corners(0.52)
  return `${steps.join('')}${facet(t, stone, 0.02, seed)}<path d="M${f(t[0]![0])} ${f(t[0]![1])}L${f(t[1]![0])} ${f(t[1]![1])}L${f(t[7]![0])} ${f(t[6]![1] * 0.4)}Z" fill="#fff" opacity=".3"/>`
}

/** A brilliant seen from the side, two wide: crown above the girdle, pavilion below. */
export function profile(stone: Stone, seed = 3): string {
  const girdleXs = [-1, -0.62, -0.22, 0.22, 0.62, 1]
  const tableXs = [-0.56, -0.2, 0.2, 0.56]
  const parts: string[] = []
  for (let k = 0; k < 5; k++) {
    const a: Point = [girdleXs[k]!, 0]
    const b: Point = [girdleXs[k + 1]!, 0]
    parts.push(facet([a, b, [0, 0.92]], stone, k % 2 ? 0.24 : -0.14, seed * 5 + k))
    const top: Point = [tableXs[Math.min(3, k)]!, -0.36]
    parts.push(facet([a, b, top], stone, 0.1, seed * 7 + k))
    if (k > 0) parts.push(facet([a, top, [tableXs[k - 1]!, -0.36]], stone, k % 2 ? 0.3 : -0.05, seed * 11 + k))
  }
  return `${parts.join('')}<path d="M-.56 -.36H.56" stroke="#fff" stroke-width=".05"/><path d="M-1 0H1" stroke="#fff" stroke-width=".03" opacity=".8"/>`
}

/** The gradients of a pearl, for the definitions. */
export const pearlGradient = `<radialGradient id="pearl" cx=".36" cy=".3" r=".78"><stop offset="0" stop-color="#fff"/><stop offset=".22" stop-color="#fffaf3"/><stop offset=".52" stop-color="#ecdfd3"/><stop offset=".78" stop-color="#b9a5a2"/><stop offset=".92" stop-color="#86727a"/><stop offset="1" stop-color="#c3b3b6"/></radialGradient>`

/** A pearl; `pearlGradient` must be defined. */
export function pearl(x: number, y: number, radius: number): string {
  return `<circle cx="${n(x)}" cy="${n(y)}" r="${n(radius)}" fill="url(#pearl)"/><ellipse cx="${n(x - radius * 0.34)}" cy="${n(y - radius * 0.4)}" rx="${n(radius * 0.2)}" ry="${n(radius * 0.14)}" fill="#fff" opacity=".95" transform="rotate(-38 ${n(x - radius * 0.34)} ${n(y - radius * 0.4)})"/>`
}

/** Places a symbol of radius one, with a radius and a rotation in degrees. */
export function place(id: string, x: number, y: number, radius: number, turn = 0, squash = 1): string {
  return `<use href="#${id}" transform="translate(${n(x)} ${n(y)}) scale(${f(radius)} ${f(radius * squash)}) rotate(${n(turn)})"/>`
}

/** A glint: four rays and a soft halo. */
export function glint(x: number, y: number, size: number): string {
  const s = n(size)
  return `<g transform="translate(${n(x)} ${n(y)})"><circle r="${n(size * 0.5)}" fill="url(#halo)"/><path d="M0 -${s}C0 -1 1 0 ${s} 0C1 0 0 1 0 ${s}C0 1 -1 0 -${s} 0C-1 0 0 -1 0 -${s}Z" fill="#fff"/></g>`
}
