/** The types that check a contract in both directions: a difference does not compile, which `npm run check` detects. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { wire } from '../../server/collect/schema.ts'
import type { Exactly, IsExact } from '../../server/domain/exact.ts'
import { CONSENT_SOURCES, type WireConsent, type WireEvent } from '../../tag/wire.ts'

type Cart = { id: string; state: 'open' | 'bought'; note?: string; items: { id: string; price?: number }[] }

describe('a type is not exact if', () => {
  // Each `false` is checked by the compiler against the type beside it.
  test.each<[string, false]>([
    ['an optional field is missing', false satisfies IsExact<Cart, Omit<Cart, 'note'>>],
    ['it has an optional field more', false satisfies IsExact<Cart, Cart & { more?: string }>],
    ['a field is optional on one side', false satisfies IsExact<Cart, Required<Cart>>],
    ['a member of a union is missing', false satisfies IsExact<Cart['state'], 'open'>],
    ['it has a member of a union more', false satisfies IsExact<Cart['state'], 'open' | 'bought' | 'left'>],
    ['it is wider', false satisfies IsExact<Cart['state'], string>],
    ['null is possible on one side', false satisfies IsExact<Cart['id'], string | null>],
    ['a nested one differs', false satisfies IsExact<Cart, Omit<Cart, 'items'> & { items: { id: string }[] }>],
    ['it is unknown, or anything', false satisfies IsExact<Cart, unknown> & IsExact<Cart, any>],
  ])('%s', (_, verdict) => expect(verdict).toBe(false))

  test('and the same type, written again, is exact', () => {
    const again = true satisfies IsExact<
      Cart,
      { items: { price?: number; id: string }[]; note?: string; id: string; state: 'bought' | 'open' }
    >
    expect(again).toBe(true)
  })

  test('no value has a type that differs', () => {
    const same: Exactly<Cart['state'], 'bought' | 'open'> = 'open'
    // @ts-expect-error One side knows a state that the other does not.
    const other: Exactly<Cart['state'], 'open'> = 'open'
    expect([same, other]).toEqual(['open', 'open'])
  })
})

describe('a schema of the wire', () => {
  const shape = {
    ...{ id: z.string(), type: z.string(), at: z.string() },
    ...{ url: z.string().optional(), referrer: z.string().optional(), title: z.string().optional() },
    props: z.record(z.string(), z.unknown()).optional(),
  }
  const event: WireEvent = { id: 'e1', type: 'page', at: '2026-03-01T09:30:00Z', url: 'https://shop.example/' }

  test('takes exactly the contract', () => {
    expect(wire<WireEvent>()(z.object(shape)).parse(event)).toEqual(event)
  })

  test('and rejects an extra or missing optional field, and a narrower or wider type', () => {
    const { title: _, ...less } = shape
    const drifted = [
      // @ts-expect-error The tag knows no such field.
      wire<WireEvent>()(z.object({ ...shape, tag: z.string().optional() })),
      // @ts-expect-error The tag may send a title.
      wire<WireEvent>()(z.object(less)),
      // @ts-expect-error The tag may leave the address out.
      wire<WireEvent>()(z.object({ ...shape, url: z.string() })),
      // @ts-expect-error The tag sends a text.
      wire<WireEvent>()(z.object({ ...shape, type: z.union([z.string(), z.number()]) })),
      // @ts-expect-error The tag knows more types.
      wire<WireEvent>()(z.object({ ...shape, type: z.enum(['page', 'identify']) })),
      // @ts-expect-error The tag may name other sources too.
      wire<WireConsent['source']>()(z.enum(['manual', 'google', 'tcf', 'cmp'])),
      // @ts-expect-error The tag names no such source.
      wire<WireConsent['source']>()(z.enum([...CONSENT_SOURCES, 'other'])),
    ]
    expect(drifted.every((schema) => schema instanceof z.ZodType)).toBe(true)
  })
})
