/**
 * The overview's figures of carts. A person counts with one cart, the one that lists show, and what is abandoned is what the
 * list of abandoned carts holds at the same moment: the members of its segment.
 */
import type { Expression, ExpressionBuilder, Kysely, NotNull, SqlBool } from 'kysely'
import { CART_MAX_DAYS, type RecoveredBy } from '../domain/commerce/cart-states.ts'
import { type PersonId, storedPerson, visitorPerson } from '../domain/ids.ts'
import { UNKNOWN_CURRENCY } from '../domain/money.ts'
import { justSettled } from './carts.ts'
import { ofKeys } from './engine/many.ts'
import type { Database } from './schema.ts'
import { loadTyped } from './typed.ts'

/** A sum of money in one currency, in minor units. */
export type Sum = { currency: string; value: number }

/** Carts and what is in them. `unknown`: those of an unknown value, which is in none of the sums. */
export type CartFigures = { count: number; values: Sum[]; unknown: number }

/** The states that the overview counts: `mailable` are those of the abandoned whose persons may be mailed now. */
export type CartKind = 'open' | 'abandoned' | 'mailable' | RecoveredBy

/** Some carts of one day and currency; `known` of them are worth `value` together. */
export type CartCount = { kind: CartKind; day: number; currency: string; count: number; known: number; value: number }

/** The segment whose members are the list of abandoned carts. */
const LIST = 'cart_abandoned'

const DAY_MS = 24 * 3600_000

type PersonBuilder = ExpressionBuilder<Database, 'persons'>
type Where = (eb: PersonBuilder) => Expression<SqlBool>

/** What is counted: the times from `start` to before `end`, without the persons whose carts were bought a moment ago. */
type Scope = { start: number; end: number; without: PersonId[] }

/**
 * Counts the carts of the days `from` to `to` (days since 1970, inclusive) as of `now`: open and abandoned ones by the day
 * of the last change, recovered ones by the day of the order.
 */
export async function countCarts(db: Kysely<Database>, from: number, to: number, now: number): Promise<CartCount[]> {
  const scope = { start: from * DAY_MS, end: (to + 1) * DAY_MS, without: await leftOut(db) }
  const isListed = await abandonedList(db, now)
  return [
    ...(await countStanding(db, 'open', scope, (eb) => eb('cart_idle_at', '>', now))),
    ...(await countStanding(db, 'abandoned', scope, isListed)),
    ...(await countStanding(db, 'mailable', scope, (eb) => eb.and([isListed(eb), isMailable(eb)]))),
    ...(await countTyped(db, scope, isListed)),
    ...(await countRecovered(db, scope)),
  ]
}

/** The members of the list. A shop may have deleted it; then a cart counts that it would hold as it ships. */
async function abandonedList(db: Kysely<Database>, now: number): Promise<Where> {
  const segment = await db.selectFrom('segments').select('id').where('id', '=', LIST).executeTakeFirst()
  return segment === undefined
    ? (eb) => eb.and([eb('cart_idle_at', '<=', now), eb('cart_updated_at', '>', now - CART_MAX_DAYS * DAY_MS)])
    : (eb) => {
        return eb('person_id', 'in', (inner) =>
          inner.selectFrom('segment_members').select('person_id').where('segment_id', '=', LIST),
        )
      }
}

/** Whether the contact may be mailed: `mailability` in SQL. */
const isMailable: Where = (eb) =>
  eb.and([eb('contact_id', 'is not', null), eb('mail_consent', '=', 1), eb('marketing', '=', 1), eb('minor', '=', 0)])

/** The persons with a cart of the scope for whom a condition holds. */
function standing(db: Kysely<Database>, { start, end, without }: Scope, where: Where) {
  return db
    .selectFrom('persons')
    .where('cart_id', 'is not', null)
    .where('cart_updated_at', '>=', start)
    .where('cart_updated_at', '<', end)
    .where(where)
    .$if(without.length > 0, (query) => query.where('person_id', 'not in', without))
}

async function countStanding(db: Kysely<Database>, kind: CartKind, scope: Scope, where: Where): Promise<CartCount[]> {
  const rows = await standing(db, scope, where)
    .select((eb) => [
      eb('cart_updated_at', '/', eb.lit(DAY_MS)).as('day'),
      'cart_currency',
      eb.fn.countAll().as('count'),
      eb.fn.count('cart_value').as('known'),
      eb.fn.sum('cart_value').as('value'),
    ])
    .groupBy((eb) => [eb('cart_updated_at', '/', eb.lit(DAY_MS)), 'cart_currency'])
    .execute()
  return rows.map(({ day, cart_currency, ...sums }) => counted(kind, Number(day), cart_currency, sums))
}

/** The carts that are told to contacts whose typed addresses they carry, as the list tells them. */
async function countTyped(db: Kysely<Database>, scope: Scope, isListed: Where): Promise<CartCount[]> {
  const rows = await standing(db, scope, (eb) => eb.and([isListed(eb), eb('typed_contact_id', 'is not', null)]))
    .select(['person_id', 'typed_contact_id', 'cart_updated_at', 'cart_currency', 'cart_value'])
    .$narrowType<{ typed_contact_id: NotNull; cart_updated_at: NotNull }>()
    .execute()
  const told = await loadTyped(
    db,
    rows.map((row) => row.typed_contact_id),
  )
  return rows
    .filter((row) => told.get(row.typed_contact_id)?.person_id === row.person_id)
    .map(({ cart_updated_at: at, cart_currency, cart_value: value }) => {
      const sums = { count: 1, known: value === null ? 0 : 1, value: value ?? 0 }
      return counted('mailable', Math.floor(at / DAY_MS), cart_currency, sums)
    })
}

async function countRecovered(db: Kysely<Database>, { start, end }: Scope): Promise<CartCount[]> {
  const rows = await db
    .selectFrom('cart_closings')
    .select((eb) => [
      eb('at', '/', eb.lit(DAY_MS)).as('day'),
      'currency',
      'recovered_by',
      eb.fn.countAll().as('count'),
      eb.fn.count('recovered_value').as('known'),
      eb.fn.sum('recovered_value').as('value'),
    ])
    .where('recovered_by', 'is not', null)
    .where('at', '>=', start)
    .where('at', '<', end)
    .groupBy((eb) => [eb('at', '/', eb.lit(DAY_MS)), 'currency', 'recovered_by'])
    .$narrowType<{ recovered_by: NotNull }>()
    .execute()
  return rows.map(({ day, currency, recovered_by, ...sums }) => counted(recovered_by, Number(day), currency, sums))
}

type Sums = { count: unknown; known: unknown; value: unknown }

function counted(kind: CartKind, day: number, currency: string | null, { count, known, value }: Sums): CartCount {
  const given = currency ?? UNKNOWN_CURRENCY
  return { kind, day, currency: given, count: Number(count), known: Number(known), value: Number(value ?? 0) }
}

/** Adds carts to figures. What is in them joins the sum of its currency, if both are known. */
export function addCarts(figures: CartFigures, { currency, count, known, value }: CartCount): void {
  figures.count += count
  figures.unknown += currency === UNKNOWN_CURRENCY ? count : count - known
  if (known === 0 || currency === UNKNOWN_CURRENCY) return
  const sum = figures.values.find((each) => each.currency === currency)
  if (sum) sum.value += value
  else figures.values.push({ currency, value })
}

/** Two figures as one. */
export function sumOf(a: CartFigures, b: CartFigures): CartFigures {
  const both = [...a.values, ...b.values]
  const currencies = [...new Set(both.map(({ currency }) => currency))]
  const values = currencies.map((currency) => {
    return { currency, value: both.reduce((sum, each) => sum + (each.currency === currency ? each.value : 0), 0) }
  })
  return { count: a.count + b.count, values, unknown: a.unknown + b.unknown }
}

/** How many marked visitors and persons are looked at. More are marked only while a backlog or a rebuild is worked off. */
const LOOKED_AT = 2000

/** Persons whose carts lists leave out already, because of orders that are not derived yet. */
async function leftOut(db: Kysely<Database>): Promise<PersonId[]> {
  const visitors = await db.selectFrom('dirty_visitors').select('key').limit(LOOKED_AT).execute()
  const persons = await db.selectFrom('dirty_persons').select('key').limit(LOOKED_AT).execute()
  const ids = visitors.map((row) => row.key)
  const marked: PersonId[] = [
    ...persons.map((row) => storedPerson(row.key)),
    ...(await selectParts(db, ids)).map((row) => row.person_id),
    ...ids.map((id) => visitorPerson(id, 1)),
  ]
  return justSettled(db, [...new Set(marked)])
}

const selectParts = ofKeys((db, visitorIds) =>
  db.selectFrom('visitor_persons').select('person_id').where('visitor_id', 'in', visitorIds),
)
