/** Carts, as the rows of persons point to them. */
import type { Kysely } from 'kysely'
import type { PersonId } from '../domain/ids.ts'
import type { CartRow, PersonRow } from './schema/derived.ts'
import type { Database } from './schema.ts'

/** The carts of persons, by person, whether they are matches or not. */
export async function loadCartsOf(db: Kysely<Database>, personIds: PersonId[]): Promise<Map<PersonId, CartRow>> {
  const pointers = ['person_id', 'cart_visitor_id', 'cart_id'] as const
  return loadCarts(db, await db.selectFrom('persons').select(pointers).where('person_id', 'in', personIds).execute())
}

/** The carts that persons' rows point to, by person. */
export async function loadCarts(
  db: Kysely<Database>,
  persons: Pick<PersonRow, 'person_id' | 'cart_visitor_id' | 'cart_id'>[],
): Promise<Map<PersonId, CartRow>> {
  const pointing = persons.filter((person) => person.cart_id !== null)
  const carts = new Map<PersonId, CartRow>()
  if (pointing.length === 0) return carts
  const rows = await db
    .selectFrom('carts')
    .selectAll()
    .where('visitor_id', 'in', [...new Set(pointing.map((person) => person.cart_visitor_id!))])
    .where('id', 'in', [...new Set(pointing.map((person) => person.cart_id!))])
    .execute()
  const byKey = new Map(rows.map((row) => [`${row.visitor_id} ${row.id}`, row]))
  for (const person of pointing) {
    const cart = byKey.get(`${person.cart_visitor_id} ${person.cart_id}`)
    if (cart) carts.set(person.person_id, cart)
  }
  return carts
}
