/**
 * Carts over devices, visits and channels, through the wire, to the customer's page. Each row is what somebody's devices
 * (`a`, `b`) and till sent, in minutes before now, and the carts of that customer then: the one that is open, and what
 * became of the others. `login` is signed; a device without one signs in at the end.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newVisitor, type SiteView, signLogin } from '../support/requests.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000

type Props = Record<string, unknown>
type Step = [where: 'a' | 'b' | 'till', minutesAgo: number, type: string, props?: Props]
type Cart = {
  id: string
  state: string
  step: string
  value: number | null
  currency: string | null
  abandoned_at: string | null
  updated_at: string
  items: { item_id: string; quantity: number }[]
}
type Past = Cart & {
  recovered_at: string | null
  recovered_by: { kind: string; message?: string } | null
  recovered_value: number | null
}
type Contact = { cart: Cart | null; past_carts: Past[]; mailable: boolean; why_not_mailable?: string }

const eur = (...items: Props[]): Props => ({ currency: 'EUR', items })
const ring = { item_id: 'ring', price: 10 }
const chain = { item_id: 'chain', price: 20 }
const crown = { item_id: 'crown', price: 200_000 }

const of = (id: string, props: Props): Props => ({ ...props, cart_id: id })

const STORIES: [what: string, steps: Step[], cart: string, past?: string[]][] = [
  [
    'is one over two devices that name it',
    [
      ['a', 180, 'add_to_cart', of('X', eur(ring))],
      ['b', 150, 'add_to_cart', of('X', eur(chain))],
    ],
    '30 EUR abandoned: 1 ring, 1 chain',
  ],
  [
    'has its events in order of time over devices',
    [
      ['a', 180, 'view_cart', of('X', eur(ring, chain))],
      ['b', 170, 'remove_from_cart', of('X', eur(ring))],
      ['a', 160, 'add_to_cart', of('X', eur({ ...chain, quantity: 2 }))],
    ],
    '60 EUR abandoned: 3 chain',
  ],
  [
    'is read in its camel case, and as a number',
    [
      ['a', 180, 'add_to_cart', { ...eur(ring), cartId: 77 }],
      ['b', 150, 'view_cart', { ...eur(ring, chain), checkout_id: '77' }],
    ],
    '30 EUR abandoned: 1 ring, 1 chain',
  ],
  [
    'is two if the devices name two',
    [
      ['a', 180, 'add_to_cart', of('X', eur(ring))],
      ['b', 150, 'add_to_cart', of('Y', eur(chain))],
    ],
    '20 EUR abandoned: 1 chain',
  ],
  [
    'is the device’s own if nobody names it',
    [
      ['a', 180, 'add_to_cart', eur(ring)],
      ['b', 150, 'add_to_cart', eur(chain)],
    ],
    '20 EUR abandoned: 1 chain',
  ],
  [
    'is one with what a device put in before it said the name',
    [
      ['a', 180, 'add_to_cart', of('X', eur(ring))],
      ['b', 170, 'add_to_cart', eur(chain)],
      ['b', 160, 'begin_checkout', of('X', eur(ring, chain))],
      ['a', 150, 'view_cart', of('X', { currency: 'EUR', items: [], value: 0 })],
    ],
    'none',
  ],
  [
    'is empty for all devices once one has emptied it',
    [
      ['a', 180, 'add_to_cart', of('X', eur(ring))],
      ['b', 150, 'view_cart', of('X', { currency: 'EUR', items: [], value: 0 })],
    ],
    'none',
  ],
  [
    'is empty once another device has taken the last piece out',
    [
      ['a', 180, 'add_to_cart', of('X', eur(ring))],
      ['b', 150, 'remove_from_cart', of('X', eur(ring))],
    ],
    'none',
  ],
  [
    'is not younger because another device shows it as it is',
    [
      ['a', 180, 'add_to_cart', of('X', eur(ring))],
      ['b', 10, 'view_cart', of('X', eur(ring))],
    ],
    '10 EUR abandoned: 1 ring',
  ],
  [
    'is younger because another device changes it',
    [
      ['a', 180, 'add_to_cart', of('X', eur(ring))],
      ['b', 10, 'view_cart', of('X', eur(ring, chain))],
    ],
    '30 EUR open: 1 ring, 1 chain',
  ],
  [
    'is one over a logout and the next login',
    [
      ['a', 200, 'login'],
      ['a', 190, 'add_to_cart', of('X', eur(ring))],
      ['a', 180, 'logout'],
      ['a', 100, 'login'],
      ['a', 90, 'add_to_cart', of('X', eur(chain))],
    ],
    '30 EUR abandoned: 1 ring, 1 chain',
  ],
  [
    'of a guest goes on as the account’s',
    [
      ['a', 200, 'add_to_cart', of('X', eur(ring))],
      ['a', 190, 'login'],
      ['a', 180, 'add_to_cart', of('X', eur(chain))],
    ],
    '30 EUR abandoned: 1 ring, 1 chain',
  ],
  [
    'of a guest who has logged out goes on as the account’s on the other device',
    [
      ['b', 220, 'add_to_cart', of('X', eur(chain))],
      ['a', 200, 'add_to_cart', of('X', eur(ring))],
      ['a', 190, 'login'],
      ['a', 180, 'logout'],
      ['b', 170, 'begin_checkout', of('X', eur(ring, chain))],
    ],
    '30 EUR abandoned at checkout: 1 ring, 1 chain',
  ],
  [
    'has gone as far as any device has taken it',
    [
      ['a', 180, 'begin_checkout', of('X', eur(ring))],
      ['b', 170, 'add_payment_info', of('X', eur(ring))],
      ['a', 160, 'view_cart', of('X', eur(ring))],
    ],
    '10 EUR abandoned at payment: 1 ring',
  ],
  [
    'is bought with its id, on whichever device',
    [
      ['a', 180, 'add_to_cart', of('X', eur(ring))],
      ['b', 150, 'purchase', of('X', { ...eur(ring), transaction_id: 'O-1', value: 10 })],
    ],
    'none',
    ['10 EUR converted'],
  ],
  [
    'is bought with one of its pieces on the other device',
    [
      ['a', 180, 'add_to_cart', eur(ring)],
      ['b', 170, 'purchase', { ...eur(ring), transaction_id: 'O-2', value: 10 }],
    ],
    'none',
    ['10 EUR converted'],
  ],
  [
    'is not bought by an order of something else on the other device',
    [
      ['a', 180, 'add_to_cart', eur(ring)],
      ['b', 170, 'purchase', { ...eur(chain), transaction_id: 'O-3', value: 20 }],
    ],
    '10 EUR abandoned: 1 ring',
  ],
  [
    'is bought by an order without items on the other device',
    [
      ['a', 180, 'add_to_cart', eur(ring)],
      ['b', 170, 'purchase', { transaction_id: 'O-4', value: 10, currency: 'EUR' }],
    ],
    'none',
    ['10 EUR converted'],
  ],
  [
    'is not bought by an order without items that names another cart',
    [
      ['a', 180, 'add_to_cart', of('X', eur(ring))],
      ['b', 170, 'purchase', of('Y', { transaction_id: 'O-5', value: 10, currency: 'EUR' })],
    ],
    '10 EUR abandoned: 1 ring',
  ],
  [
    'is bought in the shop',
    [
      ['a', 180, 'add_to_cart', eur(ring)],
      ['till', 30, 'order', { order_id: 'T-1', total: 10, currency: 'EUR', items: [ring] }],
    ],
    'none',
    ['10 EUR recovered anyway: 10'],
  ],
  [
    'keeps what was put in after the shop sold the rest',
    [
      ['a', 180, 'add_to_cart', eur(ring)],
      ['till', 170, 'order', { order_id: 'T-2', total: 10, currency: 'EUR', items: [ring] }],
      ['a', 160, 'add_to_cart', eur(chain)],
    ],
    '20 EUR abandoned: 1 chain',
    ['10 EUR converted'],
  ],
  [
    'is not closed by an order that another device reports again',
    [
      ['b', 200, 'add_to_cart', eur(ring)],
      ['b', 190, 'purchase', { ...eur(ring), transaction_id: 'O-6', value: 10 }],
      ['a', 180, 'add_to_cart', eur(ring)],
      ['a', 170, 'purchase', { ...eur(ring), transaction_id: 'O-6', value: 10 }],
    ],
    '10 EUR abandoned: 1 ring',
    ['10 EUR converted'],
  ],
  [
    'is not closed by an order that the till reported before and a page reports much later',
    [
      ['till', 400, 'order', { order_id: 'T-3', total: 10, currency: 'EUR', items: [ring] }],
      ['a', 180, 'add_to_cart', eur(ring)],
      ['a', 170, 'purchase', { ...eur(ring), transaction_id: 'T-3', value: 10 }],
    ],
    '10 EUR abandoned: 1 ring',
  ],
  [
    'is closed once by an order that the shop dates a little before its own checkout ends',
    [
      ['a', 180, 'begin_checkout', eur(ring)],
      ['till', 175, 'order', { order_id: 'T-4', total: 10, currency: 'EUR', items: [ring] }],
      ['a', 174, 'add_payment_info', eur(ring)],
      ['a', 173, 'purchase', { ...eur(ring), transaction_id: 'T-4', value: 10 }],
    ],
    'none',
    ['10 EUR converted'],
  ],
  [
    'begins again under its name after it was bought',
    [
      ['a', 200, 'add_to_cart', of('X', eur(ring))],
      ['b', 190, 'purchase', of('X', { ...eur(ring), transaction_id: 'O-7', value: 10 })],
      ['a', 180, 'add_to_cart', of('X', eur(chain))],
    ],
    '20 EUR abandoned: 1 chain',
    ['10 EUR converted'],
  ],
  [
    'that was abandoned is recovered, for what was in it and was bought',
    [
      ['a', 300, 'add_to_cart', eur(crown, ring)],
      ['b', 100, 'purchase', { ...eur(ring, chain), transaction_id: 'O-8', value: 30 }],
    ],
    'none',
    ['200010 EUR recovered anyway: 10'],
  ],
  [
    'of which one of three pieces was bought is recovered for that one',
    [
      ['a', 300, 'add_to_cart', eur({ ...ring, quantity: 3 })],
      ['a', 100, 'purchase', { ...eur(ring), transaction_id: 'O-9', value: 10 }],
    ],
    'none',
    ['30 EUR recovered anyway: 10'],
  ],
  [
    'is never recovered for more than was paid',
    [
      ['a', 300, 'add_to_cart', eur(crown)],
      ['a', 100, 'purchase', { ...eur({ ...crown, price: 10 }), transaction_id: 'O-10', value: 10 }],
    ],
    'none',
    ['200000 EUR recovered anyway: 10'],
  ],
  [
    'is not recovered by an order without items that is cheaper than each piece',
    [
      ['a', 300, 'add_to_cart', eur(crown)],
      ['a', 100, 'purchase', { transaction_id: 'O-11', value: 10, currency: 'EUR' }],
    ],
    'none',
    ['200000 EUR converted'],
  ],
  [
    'is not recovered where its name was used to buy something else',
    [
      ['a', 300, 'add_to_cart', of('X', eur(crown))],
      ['a', 100, 'purchase', of('X', { ...eur(ring), transaction_id: 'O-12', value: 10 })],
    ],
    'none',
    ['200000 EUR converted'],
  ],
  [
    'is recovered for an unknown value if nobody says prices',
    [
      ['a', 300, 'add_to_cart', eur({ item_id: 'ring' })],
      ['a', 100, 'purchase', { currency: 'EUR', items: [{ item_id: 'ring' }], transaction_id: 'O-13' }],
    ],
    'none',
    ['? EUR recovered anyway: ?'],
  ],
  [
    'is recovered by the link that was followed before the purchase',
    [
      ['a', 300, 'add_to_cart', eur(ring)],
      ['a', 110, 'click', { message: 'come-back' }],
      ['a', 100, 'purchase', { ...eur(ring), transaction_id: 'L-1', value: 10 }],
    ],
    'none',
    ['10 EUR recovered come-back: 10'],
  ],
  [
    'is recovered by a link that was followed on another device',
    [
      ['a', 300, 'add_to_cart', eur(ring)],
      ['b', 150, 'click', { message: 'on-the-phone' }],
      ['a', 100, 'purchase', { ...eur(ring), transaction_id: 'L-2', value: 10 }],
    ],
    'none',
    ['10 EUR recovered on-the-phone: 10'],
  ],
  [
    'is recovered by the last of several links',
    [
      ['a', 500, 'add_to_cart', eur(ring)],
      ['a', 200, 'click', { message: 'first' }],
      ['a', 110, 'click', { message: 'second' }],
      ['a', 100, 'purchase', { ...eur(ring), transaction_id: 'L-3', value: 10 }],
    ],
    'none',
    ['10 EUR recovered second: 10'],
  ],
  [
    'is recovered in the shop by a link that was followed at home',
    [
      ['a', 500, 'add_to_cart', eur(ring)],
      ['a', 200, 'click', { message: 'shop' }],
      ['till', 100, 'order', { order_id: 'L-4', total: 10, currency: 'EUR', items: [ring] }],
    ],
    'none',
    ['10 EUR recovered shop: 10'],
  ],
  [
    'is bought anyway if the link was followed before the cart was left',
    [
      ['a', 310, 'click', { message: 'news' }],
      ['a', 300, 'add_to_cart', eur(ring)],
      ['a', 100, 'purchase', { ...eur(ring), transaction_id: 'L-5', value: 10 }],
    ],
    'none',
    ['10 EUR recovered anyway: 10'],
  ],
  [
    'is bought anyway if the link was followed longer ago than attribution_days',
    [
      ['a', 6.9 * 24 * 60, 'add_to_cart', eur(ring)],
      ['a', 6 * 24 * 60, 'click', { message: 'old' }],
      ['a', 100, 'purchase', { ...eur(ring), transaction_id: 'L-6', value: 10 }],
    ],
    'none',
    ['10 EUR recovered anyway: 10'],
  ],
  [
    'is bought anyway if the link was followed after the purchase',
    [
      ['a', 300, 'add_to_cart', eur(ring)],
      ['a', 100, 'purchase', { ...eur(ring), transaction_id: 'L-7', value: 10 }],
      ['a', 90, 'click', { message: 'late' }],
    ],
    'none',
    ['10 EUR recovered anyway: 10'],
  ],
  [
    'counts a piece once if two carts held it',
    [
      ['a', 400, 'add_to_cart', eur(ring)],
      ['b', 300, 'add_to_cart', eur(ring)],
      ['a', 100, 'purchase', { ...eur(ring), transaction_id: 'O-14', value: 10 }],
    ],
    'none',
    ['10 EUR recovered anyway: 10', '10 EUR converted'],
  ],
]

let server: TestServer
let site: SiteView

const words = (cart: Cart | null) => {
  if (cart === null) return 'none'
  const step = cart.step === 'cart' ? '' : ` at ${cart.step}`
  const items = cart.items.map((item) => `${item.quantity} ${item.item_id}`).join(', ')
  return `${cart.value ?? '?'} ${cart.currency ?? '?'} ${cart.state}${step}: ${items}`
}
const fate = ({ value, currency, state, recovered_by: by, recovered_value }: Past) =>
  `${value ?? '?'} ${currency} ${state}${by === null ? '' : ` ${by.message ?? by.kind}: ${recovered_value ?? '?'}`}`

const contactOf = async (id: string): Promise<Contact> => (await server.api(`/api/v1/contacts/${id}`)).json()

/** The token of a link in a mail that was sent ten days ago. */
async function linkOf(contact: string, message: string): Promise<string> {
  const issued_at = new Date(Date.now() - 10 * 24 * 60 * MINUTE).toISOString()
  const body = { site: 'demo', contacts: [contact], message, issued_at }
  const { data } = await server.post<{ data: { token: string }[] }>('/api/v1/link-tokens', body)
  return data[0]!.token
}

/** Sends a story as the contact's devices and till do. */
async function play(id: string, steps: Step[]): Promise<void> {
  await server.post('/api/v1/contacts', [{ id, email: `${id}@mail.example`, mail_consent: true }])
  const loginAt = async (minutesAgo: number) => {
    const seconds = Math.floor((Date.now() - minutesAgo * MINUTE) / 1000)
    const token = await signLogin(site.identity_secret, id, { seconds })
    return event('identify', minutesAgo * MINUTE, { kind: 'login', token })
  }
  for (const device of ['a', 'b']) {
    const own = steps.filter(([where]) => where === device)
    if (own.length === 0) continue
    const events = []
    for (const [, ago, type, props = {}] of own) {
      // Order ids and cart ids are those of the story alone.
      const given = 'transaction_id' in props ? { ...props, transaction_id: `${id} ${props.transaction_id}` } : props
      if (type === 'login') events.push(await loginAt(ago))
      else if (type === 'click') {
        const link = await linkOf(id, String(props.message))
        events.push(event('identify', ago * MINUTE, { kind: 'link', link }))
      } else events.push(event(type === 'logout' ? 'reset' : type, ago * MINUTE, given))
    }
    if (!own.some(([, , type]) => type === 'login')) events.push(await loginAt(0.1))
    await sendAll(server, newVisitor(), events)
  }
  for (const [where, ago, , props = {}] of steps) {
    if (where !== 'till') continue
    const at = new Date(Date.now() - ago * MINUTE).toISOString()
    await server.post('/api/v1/orders', [{ ...props, order_id: `${id} ${props.order_id}`, contact_id: id, at }])
  }
}

beforeAll(async () => {
  server = await startServer()
  site = await server.cli<SiteView>('sites', 'show', 'demo')
  await server.cli('sites', 'set', 'demo', 'cart_idle_minutes=60')
  for (const [n, [, steps]] of STORIES.entries()) await play(`story-${n}`, steps)
  await settled(server)
})
afterAll(() => server.stop())

test('strangers who name the cart of another have no part in it', async () => {
  await play('owner', [['a', 180, 'add_to_cart', of('mine', eur(ring))]])
  const stranger = [
    event('add_to_cart', 170 * MINUTE, of('mine', eur(crown))),
    event('view_cart', 160 * MINUTE, of('mine', { currency: 'EUR', items: [], value: 0 })),
    event('purchase', 150 * MINUTE, of('mine', { ...eur(ring), transaction_id: 'theft', value: 10 })),
  ]
  await sendAll(server, newVisitor(), stranger)
  await play('another', [
    ['a', 140, 'add_to_cart', of('mine', eur(chain))],
    ['b', 130, 'purchase', of('mine', { ...eur(ring), transaction_id: 'theft', value: 10 })],
  ])
  await settled(server)
  expect(words((await contactOf('owner')).cart)).toBe('10 EUR abandoned: 1 ring')
  expect((await contactOf('another')).past_carts.map(fate)).toEqual(['20 EUR converted'])
})

describe('a cart', () => {
  test.each(STORIES.map(([what, , cart, past = []], n) => [what, `story-${n}`, cart, past] as const))(
    '%s',
    async (_, id, cart, past) => {
      const contact = await contactOf(id)
      expect(words(contact.cart)).toBe(cart)
      expect(contact.past_carts.map(fate).sort()).toEqual([...past].sort())
    },
  )
})
