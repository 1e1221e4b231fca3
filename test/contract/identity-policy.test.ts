/**
 * What the decision table alone does not show: merges in the CRM and their reversal, shared addresses, addresses
 * typed into forms, and the contact guard. Tested over HTTP on every engine.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256Hex } from '../../server/ops/keyring.ts'
import { newVisitor, type SiteView, signLogin } from '../support/requests.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000

let server: TestServer
let site: SiteView
beforeAll(async () => {
  server = await startServer({ env: { TRUST_PROXY: '1' } })
  site = await server.cli<SiteView>('sites', 'show', 'demo')
})
afterAll(() => server.stop())

let names = 0
/** Creates a contact that may be mailed. */
async function contact(more: object = {}): Promise<string> {
  const id = `policy-${++names}`
  await server.post('/api/v1/contacts', [{ id, email: `${id}@policy.example`, mail_consent: true, ...more }])
  return id
}

/** A signed login made now. */
async function signIn(of: SiteView, id: string) {
  return event('identify', 0, { kind: 'login', token: await signLogin(of.identity_secret, id) })
}

/** The titles of the events in a contact's timeline. */
async function titlesOf(id: string, query = ''): Promise<(string | null)[]> {
  const { data } = await server.get(`/api/v1/contacts/${id}/timeline${query}`)
  return data.map((each: { title: string | null; type: string }) => each.title ?? each.type)
}

async function linksOf(filter: string): Promise<string[]> {
  const { data } = await server.get(`/api/v1/links?${filter}`)
  return data.map((link: Record<string, string>) => `${link.contact} ${link.strength} ${link.state} ${link.reason}`)
}

const ring = { currency: 'EUR', items: [{ item_id: 'ring', item_name: 'Ring', price: 100, quantity: 1 }] }
const typed = (email: string, more: object = {}) => ({ kind: 'form', email_sha256: sha256Hex(email), ...more })
const page = (title: string, agoMs: number) => event('page', agoMs, undefined, { title })

describe('the CRM merges two records', () => {
  test('the survivor gets the merged contact’s events, in any order of arrival, and undoing the merge returns them', async () => {
    const [anna, double] = [await contact(), await contact()]
    const [phone, laptop] = [newVisitor(), newVisitor()]
    await sendAll(server, phone, [page('on the phone', 5 * MINUTE), await signIn(site, anna)])
    await sendAll(server, laptop, [page('on the laptop', 5 * MINUTE), await signIn(site, double)])
    await server.post('/api/v1/orders', [
      { order_id: `o-${double}`, contact_id: double, at: new Date().toISOString(), total: 12, currency: 'EUR' },
    ])
    await settled(server)
    expect([await titlesOf(anna), await titlesOf(double)]).toEqual([
      ['on the phone', 'identify'],
      ['on the laptop', 'identify'],
    ])

    await server.post('/api/v1/contacts', [{ id: double, merged_into: anna }])
    await settled(server)
    expect(await titlesOf(anna)).toEqual(['on the phone', 'on the laptop', 'identify', 'identify'])
    expect(await titlesOf(double)).toEqual([])
    const whole = await server.get(`/api/v1/contacts/${anna}`)
    expect(whole.visitors.map((each: { id: string }) => each.id).sort()).toEqual([phone, laptop].sort())
    expect(whole.orders.map((order: { order_id: string }) => order.order_id)).toEqual([`o-${double}`])

    const told = (await server.get('/api/v1/matches')).data.filter((match: { contact: { id: string } }) =>
      [anna, double].includes(match.contact.id),
    )
    const said = told.map((match: { contact: { id: string }; change: string; reason?: string }) => [
      match.contact.id,
      match.change,
      match.reason ?? null,
    ])
    expect(said.sort()).toEqual([
      [anna, 'matched', null],
      [double, 'unmatched', 'merged'],
    ])

    // A login with the old id after the merge belongs to the survivor too.
    const tablet = newVisitor()
    await sendAll(server, tablet, [await signIn(site, double)])
    await settled(server)
    expect(await linksOf(`visitor=${tablet}`)).toEqual([`${anna} verified open signed_login`])

    await server.post('/api/v1/contacts', [{ id: double, merged_into: null }])
    await settled(server)
    expect([await titlesOf(anna), await titlesOf(double)]).toEqual([
      ['on the phone', 'identify'],
      ['on the laptop', 'identify', 'identify'],
    ])
  })

  test('a chain of merges ends at the last contact, and a circle merges none', async () => {
    const [a, b, c] = [await contact(), await contact(), await contact()]
    const visitor = newVisitor()
    await sendAll(server, visitor, [await signIn(site, a)])
    await server.post('/api/v1/contacts', [{ id: a, merged_into: b }])
    await server.post('/api/v1/contacts', [{ id: b, merged_into: c }])
    await settled(server)
    expect(await linksOf(`visitor=${visitor}`)).toEqual([`${c} verified open signed_login`])
    await server.post('/api/v1/contacts', [{ id: c, merged_into: a }])
    await settled(server)
    expect(await linksOf(`visitor=${visitor}`)).toEqual([`${a} verified open signed_login`])
  })

  test('an address shared by two records identifies neither until the CRM merges them', async () => {
    const email = 'couple@policy.example'
    const [anna, ben] = [await contact({ email }), await contact({ email })]
    const visitor = newVisitor()
    await server.cli('sites', 'set', 'demo', 'trust_unsigned_login=true')
    await sendAll(server, visitor, [event('identify', 0, { kind: 'login', email })])
    await settled(server)
    expect(await linksOf(`visitor=${visitor}`)).toEqual(['null claimed refused ambiguous_identifier'])
    await server.post('/api/v1/contacts', [{ id: ben, merged_into: anna }])
    await settled(server)
    expect(await linksOf(`visitor=${visitor}`)).toEqual([`${anna} confirmed open trusted_unsigned_login`])
    await server.cli('sites', 'set', 'demo', 'trust_unsigned_login=false')
  })
})

describe('a mail to an address shared by two contacts', () => {
  const AN_HOUR_AGO = 60 * MINUTE
  let messages = 0
  /** A click made now in a mail to a contact. */
  async function click(id: string) {
    const message = `couple-${++messages}`
    const { data } = await server.post('/api/v1/link-tokens', { site: 'demo', contacts: [id], message })
    return event('identify', 0, { kind: 'link', link: data[0].token })
  }
  /** A browser with a visit an hour ago that follows a mail link now. */
  async function reader(id: string): Promise<string> {
    const visitor = newVisitor()
    await sendAll(server, visitor, [page('before', AN_HOUR_AGO), page('reads', MINUTE), await click(id)])
    await sendAll(server, visitor, [await click(id)])
    await settled(server)
    return visitor
  }

  test('does not link other visits, however often it is clicked, until one contact gets another address', async () => {
    const email = 'both@policy.example'
    const [anna, ben] = [await contact({ email }), await contact({ email })]
    await reader(anna)
    expect(await titlesOf(anna)).toEqual(['reads', 'identify', 'identify'])
    await server.post('/api/v1/contacts', [{ id: ben, email: 'ben@policy.example' }])
    await settled(server)
    expect(await titlesOf(anna)).toEqual(['before', 'reads', 'identify', 'identify'])
    await server.post('/api/v1/contacts', [{ id: ben, email }])
    await settled(server)
    expect(await titlesOf(anna)).toEqual(['reads', 'identify', 'identify'])
  })

  test('does not link other visits once a second contact gets the address later, until that contact is erased', async () => {
    const email = 'later@policy.example'
    const anna = await contact({ email })
    await reader(anna)
    expect(await titlesOf(anna)).toEqual(['before', 'reads', 'identify', 'identify'])
    const ben = await contact({ email })
    await settled(server)
    expect(await titlesOf(anna)).toEqual(['reads', 'identify', 'identify'])
    expect((await server.api(`/api/v1/contacts/${ben}`, { method: 'DELETE' })).status).toBe(200)
    await settled(server)
    expect(await titlesOf(anna)).toEqual(['before', 'reads', 'identify', 'identify'])
  })

  test('links other visits once the CRM merges the two contacts', async () => {
    const email = 'one@policy.example'
    const [anna, ben] = [await contact({ email }), await contact({ email })]
    await reader(anna)
    expect(await titlesOf(anna)).toEqual(['reads', 'identify', 'identify'])
    await server.post('/api/v1/contacts', [{ id: ben, merged_into: anna }])
    await settled(server)
    expect(await titlesOf(anna)).toEqual(['before', 'reads', 'identify', 'identify'])
  })
})

describe('an address typed into a form', () => {
  /** A visitor that filled a cart and typed an address at the checkout half an hour ago. */
  async function checkout(email: string, more: object = {}): Promise<string> {
    const visitor = newVisitor()
    await sendAll(server, visitor, [
      page('looks around', 33 * MINUTE),
      event('add_to_cart', 32 * MINUTE, ring),
      event('identify', 30 * MINUTE, typed(email, more)),
    ])
    await settled(server)
    return visitor
  }

  const feedOf = async (id: string) => {
    const { data } = await server.get('/api/v1/matches')
    return data.find((match: { contact: { id: string } }) => match.contact.id === id)
  }

  test('gives the contact nothing: no cart, no visit, no match', async () => {
    const anna = await contact()
    const visitor = await checkout(`${anna}@policy.example`)
    expect(await linksOf(`visitor=${visitor}`)).toEqual([`${anna} typed open typed_in_form`])
    expect(await server.get(`/api/v1/contacts/${anna}`)).toMatchObject({ cart: null, visitors: [] })
    expect(await titlesOf(anna)).toEqual([])
    expect(await titlesOf(anna, '?strength=all')).toEqual(['add_to_cart'])
    expect(await feedOf(anna)).toBeUndefined()
  })

  test('is void when a signed login shows that the visit was another contact’s', async () => {
    const [anna, ben] = [await contact(), await contact()]
    const visitor = await checkout(`${ben}@policy.example`)
    await sendAll(server, visitor, [await signIn(site, anna)])
    await settled(server)
    expect(await linksOf(`visitor=${visitor}`)).toEqual([
      `${ben} typed void typed_in_form`,
      `${anna} verified open signed_login_over_typed`,
    ])
    expect((await server.get(`/api/v1/contacts/${anna}`)).cart).toMatchObject({ value: 100 })
  })

  test('waits for its contact to be imported', async () => {
    const visitor = await checkout('late@policy.example')
    expect(await linksOf(`visitor=${visitor}`)).toEqual(['null typed held not_in_crm'])
    const late = await contact({ email: 'late@policy.example' })
    await settled(server)
    expect(await linksOf(`visitor=${visitor}`)).toEqual([`${late} typed open typed_in_form`])
  })

  test('makes no link where form_email_confirms is on either', async () => {
    const anna = await contact()
    await server.cli('sites', 'set', 'demo', 'form_email_confirms=true')
    const visitor = await checkout(`${anna}@policy.example`)
    expect(await linksOf(`visitor=${visitor}`)).toEqual([`${anna} typed open typed_in_form`])
    expect(await titlesOf(anna)).toEqual([])
    await server.cli('sites', 'set', 'demo', 'form_email_confirms=false')
    await settled(server)
  })

  describe('where the site tells such carts (mail_typed_carts)', () => {
    beforeAll(async () => {
      await server.cli('sites', 'set', 'demo', 'mail_typed_carts=true')
      await settled(server)
    })
    afterAll(async () => {
      await server.cli('sites', 'set', 'demo', 'mail_typed_carts=false')
      await settled(server)
    })

    test.each<[string, object, object]>([
      ['by no id: the open cart', {}, {}],
      ['by an id that the shop’s events never mention: the open cart', {}, { cart_id: 'basket-7' }],
      ['by an id that the shop’s events send as a number', { cart_id: 7 }, { cart_id: '7' }],
    ])('the feed tells the cart that it names %s', async (_, said, more) => {
      const anna = await contact()
      const visitor = newVisitor()
      await sendAll(server, visitor, [
        event('add_to_cart', 2 * MINUTE, { ...ring, ...said }),
        event('identify', MINUTE, typed(`${anna}@policy.example`, more)),
      ])
      await settled(server)
      expect(await feedOf(anna)).toMatchObject({
        ...{ change: 'matched', strength: 'typed', evidence: ['form_email'], mailable: true, visitors: 1 },
        ...{ cart: { value: 100 }, interests: null, purchased: null },
      })
      expect((await server.get(`/api/v1/contacts/${anna}`)).cart).toBe(null)
    })

    test('the feed tells no cart if the form named another one', async () => {
      const anna = await contact()
      const visitor = newVisitor()
      await sendAll(server, visitor, [
        event('add_to_cart', 2 * MINUTE, { ...ring, cart_id: 'basket-7' }),
        event('identify', MINUTE, typed(`${anna}@policy.example`, { cart_id: 'basket-8' })),
      ])
      await settled(server)
      expect(await feedOf(anna)).toBeUndefined()
    })

    test('11. A types B’s address at the checkout: A stays, and the cart is B’s only under B’s own mail consent', async () => {
      const [anna, ben, no] = [await contact(), await contact(), await contact({ mail_consent: false })]
      for (const whose of [ben, no]) {
        const visitor = newVisitor()
        await sendAll(server, visitor, [
          await signIn(site, anna),
          event('add_to_cart', 0, ring),
          event('identify', 0, typed(`${whose}@policy.example`)),
        ])
        await settled(server)
        expect(await linksOf(`visitor=${visitor}`)).toEqual([
          `${anna} verified open signed_login`,
          `${whose} typed open typed_in_form`,
        ])
        const told = await feedOf(whose)
        if (whose === no) expect(told).toBeUndefined()
        else expect(told).toMatchObject({ strength: 'typed', cart: { value: 100 } })
        // The first cart is told to Ben, so it is not Anna's; the second one is.
        const { cart } = await server.get(`/api/v1/contacts/${anna}`)
        if (whose === no) expect(cart).toMatchObject({ value: 100 })
        else expect(cart).toBe(null)
      }
    })
  })
})

describe('the contact guard', () => {
  // Visitors of one network count once.
  const networkOf = (n: number) => ({ 'x-forwarded-for': `198.51.${n}.7` })

  test('a sixth new browser in a day waits for review whatever identifier it uses, but a signed login does not', async () => {
    const anna = await contact()
    const visitors = Array.from({ length: 8 }, newVisitor)
    for (const [n, visitor] of visitors.entries()) {
      const props = n % 2 === 0 ? { contact_id: anna } : { email: `${anna}@policy.example` }
      await sendAll(server, visitor, [event('identify', 0, { kind: 'login', ...props })], {}, networkOf(n))
    }
    await settled(server)
    const states = await Promise.all(visitors.map((visitor) => linksOf(`visitor=${visitor}`)))
    const made = `${anna} claimed open unsigned_login`
    const waiting = `${anna} claimed review too_many_visitors`
    expect(states.flat()).toEqual([made, made, made, made, made, waiting, waiting, waiting])
    const own = newVisitor()
    await sendAll(server, own, [await signIn(site, anna)])
    await settled(server)
    expect(await linksOf(`visitor=${own}`)).toEqual([`${anna} verified open signed_login`])
  })

  test('a browser that withdraws everything is no longer counted', async () => {
    const anna = await contact()
    const visitors = Array.from({ length: 6 }, newVisitor)
    for (const [n, visitor] of visitors.entries()) {
      await sendAll(server, visitor, [event('identify', 0, { kind: 'login', contact_id: anna })], {}, networkOf(n))
    }
    await settled(server)
    expect(await linksOf(`visitor=${visitors[5]}`)).toEqual([`${anna} claimed review too_many_visitors`])
    const denied = { id: 'no-more', analytics: false, identity: false, marketing: false, source: 'manual' as const }
    await sendAll(server, visitors[0]!, [event('consent')], { consent: denied })
    await settled(server)
    expect(await linksOf(`visitor=${visitors[5]}`)).toEqual([`${anna} claimed open unsigned_login`])
  })
})
