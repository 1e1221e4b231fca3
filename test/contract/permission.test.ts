/**
 * Permission to mail, from the file to the feed: for the exports of many tools, nobody who has refused is mailable with
 * their cart; the date of a word decides which of two words stands; what could not be read is asked, and nobody is mailed
 * until it is answered.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newVisitor, type SiteView, signLogin } from '../support/requests.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

let server: TestServer
let secret: string

beforeAll(async () => {
  server = await startServer()
  secret = (await server.cli<SiteView>('sites', 'show', 'demo')).identity_secret
})
afterAll(() => server.stop())

type Question = { column: string; code: string; examples: string[]; rows: number }
type Report = {
  created: number
  updated: number
  unchanged: number
  rejected: { row: number; code: string; message: string }[]
  columns: { column: string; field: string | null; permission?: string; note?: string }[]
  questions: Question[]
}

async function upload(text: string, query = '', type = 'text/csv'): Promise<Report> {
  const init = { method: 'POST', headers: { 'content-type': type }, body: text }
  const response = await server.api(`/api/v1/contacts${query}`, init)
  if (response.status !== 200) throw new Error(await response.text())
  return (await response.json()) as Report
}

type Known = { mail_consent: boolean | null; mail_consent_at: string | null; permission_unclear: boolean }
const known = (id: string) => server.get<Known>(`/api/v1/contacts/${encodeURIComponent(id)}`)
const push = (...rows: object[]) => server.post('/api/v1/contacts', rows)

let people = 0
/** A contact that may be mailed, without a date. */
async function person(more: object = {}): Promise<{ id: string; email: string }> {
  const id = `person-${++people}`
  const email = `${id}@mail.example`
  await push({ id, email, mail_consent: true, ...more })
  return { id, email }
}

/** A visitor that leaves a cart, signed in as a contact. */
async function leaveCart(contact: string): Promise<void> {
  const token = await signLogin(secret, contact, { seconds: Math.floor((Date.now() - 3 * HOUR) / 1000) })
  const cart = {
    currency: 'EUR',
    value: 890,
    items: [{ item_id: 'ring', item_name: 'Gold ring', price: 890, quantity: 1 }],
  }
  await sendAll(server, newVisitor(), [
    event('identify', 3 * HOUR, { kind: 'login', token }),
    event('add_to_cart', 2 * HOUR, cart),
  ])
}

type Match = { contact: { id: string }; mailable: boolean; why_not_mailable?: string; cart: object | null }

/** What the feed says last about each contact. */
async function feed(): Promise<Map<string, Match>> {
  await settled(server)
  const told = new Map<string, Match>()
  for (let after = ''; ; ) {
    const page = await server.get<{ data: Match[]; next: string; has_more: boolean }>(
      `/api/v1/matches${after === '' ? '' : `?after=${after}`}`,
    )
    for (const match of page.data) told.set(match.contact.id, match)
    if (!page.has_more) return told
    after = page.next
  }
}

/**
 * The heading and the row of somebody who has refused, in the exports of tools. Their other columns are in the file as
 * well. `EMAIL` stands for the address.
 */
const REFUSALS: [string, string, string][] = [
  [
    'Mailchimp, unsubscribed',
    'Email Address,First Name,OPTIN_TIME,UNSUB_TIME,UNSUB_REASON,EUID',
    'EMAIL,Zoé,2020-01-01 10:00:00,2026-05-01 10:11:12,NORMAL,e1f2',
  ],
  [
    'Mailchimp, cleaned',
    'Email Address,OPTIN_TIME,CLEAN_TIME,CLEAN_CAMPAIGN_TITLE',
    'EMAIL,2020-01-01 10:00:00,2026-05-01 10:11:12,Noël',
  ],
  ['Brevo', 'EMAIL;PRENOM;EMAIL_BLACKLISTED;SMS_BLACKLISTED', 'EMAIL;Zoé;true;false'],
  ['Sendinblue', 'EMAIL;NOM;BLACKLIST;OPT_IN', 'EMAIL;Durand;1;Yes'],
  ['Klaviyo', 'Email,First Name,Email Marketing Consent,SMS Marketing Consent', 'EMAIL,Zoé,UNSUBSCRIBED,SUBSCRIBED'],
  [
    'HubSpot',
    'Record ID - Contact,Email,Unsubscribed from all email,Marketing contact status',
    ',EMAIL,true,Marketing contact',
  ],
  ['Wix', 'First Name,Email 1,Email subscriber status,SMS subscriber status', 'Zoé,EMAIL,Unsubscribed,Subscribed'],
  ['Shopify', 'First Name,Email,Accepts Email Marketing,Accepts SMS Marketing', 'Zoé,EMAIL,no,yes'],
  ['MailPoet', 'Email,First name,Global Status,List,Status', 'EMAIL,Zoé,unsubscribed,Newsletter,subscribed'],
  ['Dolibarr', 'Nom;Email;Refuse les e-mailings de masse', 'Durand;EMAIL;Oui'],
  ['PrestaShop', 'lastname;email;newsletter;optin', 'Durand;EMAIL;0;1'],
  ['Salesforce', 'FirstName,Email,HasOptedOutOfEmail,DoNotCall', 'Zoé,EMAIL,TRUE,FALSE'],
  ['Zoho', 'Last Name,Email,Email Opt Out,Unsubscribed Mode', 'Durand,EMAIL,true,Consent form'],
  ['Odoo', 'name,email,is_blacklisted,phone_blacklisted', 'Zoé Durand,EMAIL,True,False'],
  ['Mailjet', 'Email,Name,IsExcludedFromCampaigns', 'EMAIL,Zoé,true'],
  ['CleverReach', 'E-Mail;Aktiviert;Abgemeldet', 'EMAIL;2020-01-01 10:00:00;2026-05-01 10:11:12'],
  ['Acumbamail', 'Correo;Estado;Fecha de baja', 'EMAIL;Baja;01/05/2026'],
  ['Dynamics', 'First Name,Email,Do not allow Bulk Emails,Do not allow Phone Calls', 'Zoé,EMAIL,Do Not Allow,Allow'],
  ['a list of addresses', 'Unsubscribed emails', 'EMAIL'],
]

describe('a refusal in the export of a tool, after an earlier yes', () => {
  test('ends every mail about the cart, and does not touch those who did not refuse', async () => {
    const control = await person()
    await leaveCart(control.id)
    const refused = new Map<string, string>()
    for (const [tool] of REFUSALS) {
      const { id } = await person()
      await leaveCart(id)
      refused.set(tool, id)
    }
    const before = await feed()
    for (const id of [control.id, ...refused.values()]) expect(before.get(id)).toMatchObject({ mailable: true })

    for (const [tool, headings, row] of REFUSALS) {
      const email = `${refused.get(tool)}@mail.example`
      // The ids of a mail tool are not the CRM's, which the import would ask.
      const query = headings.includes('EUID') ? '?match=email' : ''
      const report = await upload(`${headings}\n${row.replaceAll('EMAIL', email)}\n`, query)
      expect({ tool, rejected: report.rejected }).toEqual({ tool, rejected: [] })
    }
    const after = await feed()
    const told = REFUSALS.map(([tool]) => {
      const match = after.get(refused.get(tool) ?? '')
      return [tool, match?.mailable, match?.why_not_mailable, match?.cart]
    })
    expect(told).toEqual(REFUSALS.map(([tool]) => [tool, false, 'no_mail_consent', null]))
    expect(after.get(control.id)).toMatchObject({ mailable: true, cart: { value: 890 } })
    const { data } = await server.get<{ data: { person: { id: string }; mailable: boolean }[] }>(
      '/api/v1/segments/cart_abandoned/members?limit=1000',
    )
    const mailable = data.filter((member) => member.mailable).map((member) => member.person.id)
    expect(mailable).toEqual([control.id])
  })
})

describe('the date of a word decides', () => {
  const NO = { mail_consent: false, mail_consent_at: '2026-11-29T10:00:00Z' }
  const OLD_YES = { mail_consent: true, mail_consent_at: '2020-01-01T00:00:00Z' }
  const csv = (email: string, headings: string, ...cells: string[]) =>
    `email,${headings}\n${cells.map((each) => `${email},${each}\n`).join('')}`

  test('a no is not undone by a yes that is older, or has no date', async () => {
    const { id, email } = await person(NO)
    await upload(csv(email, 'newsletter,opt-in date', 'yes,2020-01-01'))
    await upload(csv(email, 'newsletter', 'yes'))
    await upload(csv(email, 'newsletter,updated_at', 'yes,2026-11-01T10:00:00Z'))
    await push({ id, mail_consent: true })
    await push({ id, ...OLD_YES })
    await upload(`${JSON.stringify({ id, ...OLD_YES })}\n`, '', 'application/x-ndjson')
    expect(await known(id)).toMatchObject({ mail_consent: false, mail_consent_at: '2026-11-29T10:00:00.000Z' })
    expect((await feed()).get(id)).toBeUndefined()
  })

  test('a later yes undoes it', async () => {
    for (const yes of ['newsletter,opt-in date | yes,2026-11-30', 'newsletter,updated_at | yes,2026-11-30T08:00:00Z']) {
      const { id, email } = await person(NO)
      const [headings = '', row = ''] = yes.split(' | ')
      await upload(csv(email, headings, row))
      expect(await known(id)).toMatchObject({
        mail_consent: true,
        mail_consent_at: expect.stringMatching(/^2026-11-30/),
      })
    }
    const { id } = await person(NO)
    await push({ id, mail_consent: true, mail_consent_at: '2026-11-30T08:00:00Z' })
    expect(await known(id)).toMatchObject({ mail_consent: true, mail_consent_at: '2026-11-30T08:00:00.000Z' })
  })

  test('a yes without a date gives way to a no, whatever its date', async () => {
    const { id, email } = await person()
    await upload(csv(email, 'UNSUB_TIME', '2026-11-29 10:00:00'))
    expect(await known(id)).toMatchObject({ mail_consent: false, mail_consent_at: '2026-11-29T10:00:00.000Z' })
  })

  test('a no that is older than a yes does not end it', async () => {
    const { id, email } = await person({ mail_consent_at: '2026-06-01T00:00:00Z' })
    await upload(csv(email, 'unsubscribed_at', '2025-01-01 10:00:00'))
    expect(await known(id)).toMatchObject({ mail_consent: true, mail_consent_at: '2026-06-01T00:00:00.000Z' })
  })

  test('a yes of the future has no date', async () => {
    const { id, email } = await person(NO)
    await upload(csv(email, 'newsletter,opt-in date', 'yes,2099-01-01'))
    expect(await known(id)).toMatchObject({ mail_consent: false })
  })

  test('a push without dates follows the one before', async () => {
    const { id } = await person()
    for (const mail_consent of [false, true, false]) {
      await push({ id, mail_consent })
      expect(await known(id)).toMatchObject({ mail_consent, mail_consent_at: null })
    }
  })

  test('the time of an import is not the date of a word', async () => {
    const { id, email } = await person()
    await upload(csv(email, 'newsletter,opt-in date', 'yes,'))
    expect(await known(id)).toMatchObject({ mail_consent: true, mail_consent_at: null })
  })

  test.each([
    ['in a file, the no first', ['no,', 'yes,'], false],
    ['in a file, the yes first', ['yes,', 'no,'], false],
    ['in a file, the yes with an earlier date', ['yes,2024-01-01', 'no,'], false],
  ])('of two rows of one address, the refusal stands: %s', async (_, rows, mail_consent) => {
    const { id, email } = await person({ mail_consent: null })
    await upload(csv(email, 'newsletter,opt-in date', ...rows))
    expect(await known(id)).toMatchObject({ mail_consent })
  })

  test('within one push, the refusal stands in any order', async () => {
    for (const order of [
      [true, false],
      [false, true],
    ]) {
      const { id } = await person({ mail_consent: null })
      await push(...order.map((mail_consent) => ({ id, mail_consent })))
      expect(await known(id)).toMatchObject({ mail_consent: false })
    }
  })
})

describe('a refusal belongs to the address', () => {
  test('under two ids in one file, in either order', async () => {
    for (const [first, second] of [
      ['no', 'yes'],
      ['yes', 'no'],
    ]) {
      const n = ++people
      await upload(
        `id,email,newsletter\ntwin-a-${n},Twin-${n}@mail.example,${first}\ntwin-b-${n},twin-${n}@MAIL.example,${second}\n`,
      )
      for (const id of [`twin-a-${n}`, `twin-b-${n}`]) {
        expect({ id, first, ...(await known(id)) }).toMatchObject({ mail_consent: false })
      }
    }
  })

  test('under another id than the one known, and neither is mailable', async () => {
    const { id, email } = await person()
    await leaveCart(id)
    expect((await feed()).get(id)).toMatchObject({ mailable: true })
    await push({ id: `${id}-other`, email, mail_consent: false })
    expect(await known(id)).toMatchObject({ mail_consent: false })
    const told = (await feed()).get(id)
    expect(told?.mailable ?? false).toBe(false)
    expect(told?.cart ?? null).toBe(null)
  })

  test('and a contact that takes the address over takes the refusal', async () => {
    const { email } = await person({ mail_consent: false })
    const { id } = await person()
    await push({ id, email })
    expect(await known(id)).toMatchObject({ mail_consent: false })
  })

  test('unless the yes is later', async () => {
    const { id, email } = await person({ mail_consent_at: '2026-06-01T00:00:00Z' })
    await push({ id: `${id}-other`, email, mail_consent: false, mail_consent_at: '2025-06-01T00:00:00Z' })
    expect(await known(id)).toMatchObject({ mail_consent: true })
  })
})

describe('what could not be read', () => {
  const file = (email: string, other: string) => `email,Newsletter\n${email},Weekly\n${other},no\n`

  test('is asked with examples, ends an earlier yes, and is answered by a map', async () => {
    const [asked, refused] = [await person(), await person()]
    await leaveCart(asked.id)
    const text = file(asked.email, refused.email)
    const report = await upload(text)
    expect(report.questions).toEqual([{ column: 'Newsletter', code: 'unknown_values', examples: ['Weekly'], rows: 1 }])
    expect(await known(asked.id)).toMatchObject({ mail_consent: null, permission_unclear: true })
    expect(await known(refused.id)).toMatchObject({ mail_consent: false })
    expect((await feed()).get(asked.id)).toMatchObject({
      mailable: false,
      why_not_mailable: 'permission_unclear',
      cart: null,
    })
    const map = encodeURIComponent('Newsletter:mail_consent=Weekly|Monthly')
    const answered = await upload(text, `?map=${map}`)
    expect(answered.questions).toEqual([])
    expect(await known(asked.id)).toMatchObject({ mail_consent: true })
    expect((await feed()).get(asked.id)).toMatchObject({ mailable: true })
  })

  test('does not undo a refusal', async () => {
    const { id, email } = await person({ mail_consent: false })
    await upload(`email,Newsletter\n${email},Weekly\n`)
    expect(await known(id)).toMatchObject({ mail_consent: false })
  })

  test('a heading with an unknown word grants nothing, and is asked', async () => {
    const { id, email } = await person({ mail_consent: null })
    const text = `email,Newsletter bijoux\n${email},oui\n`
    const report = await upload(text)
    expect(report.questions).toEqual([
      { column: 'Newsletter bijoux', code: 'unknown_heading', examples: ['bijoux'], rows: 1 },
    ])
    expect(report.columns[1]).toMatchObject({ permission: 'no_only' })
    expect(await known(id)).toMatchObject({ mail_consent: null })
    await upload(text, `?map=${encodeURIComponent('Newsletter bijoux:mail_consent')}`)
    expect(await known(id)).toMatchObject({ mail_consent: true })
  })

  test('a legend that turns yes and no round is asked', async () => {
    const { id, email } = await person()
    const text = `email,Opt-out (0 = yes)\n${email},0\n`
    expect((await upload(text)).questions).toMatchObject([{ code: 'odd_legend', examples: ['0'] }])
    expect(await known(id)).toMatchObject({ mail_consent: null, permission_unclear: true })
  })

  test('a column can be said to refuse', async () => {
    const [yes, no] = [await person(), await person()]
    const text = `email,Bloc A\n${yes.email},\n${no.email},Ja\n`
    const report = await upload(text, `?map=${encodeURIComponent('Bloc A:mail_refusal')}`)
    expect(report.columns[1]).toMatchObject({ field: 'mail_refusal', permission: 'forbids' })
    expect(await known(yes.id)).toMatchObject({ mail_consent: true })
    expect(await known(no.id)).toMatchObject({ mail_consent: false })
  })
})
