/**
 * The signatures of logins: the site's secret (HS256) or the shop's own key pair (EdDSA, RS256). The key determines
 * the algorithm, so no token can make the server use a key with another one.
 */
import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WireReply } from '../../tag/wire.ts'
import { newVisitor, type SiteView } from '../support/requests.ts'
import { batch, event, send, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

const ed = generateKeyPairSync('ed25519')
const otherEd = generateKeyPairSync('ed25519')
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString()
const text = (secret: string) => new TextEncoder().encode(secret)

let server: TestServer
let folder: string
let sites: Record<'hs' | 'ed' | 'rsa' | 'edOnly', SiteView>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'couture-keys-'))
  server = await startServer()
  await server.post('/api/v1/contacts', [{ id: 'anna' }])
  const make = (id: string) => server.cli<SiteView>('sites', 'create', '--id', id, '--origin', `https://${id}.example`)
  const set = (id: string, ...what: string[]) => server.cli<SiteView>('sites', 'set', id, ...what)
  for (const id of ['hs', 'ed', 'rsa', 'ed-only']) await make(id)
  sites = {
    hs: await server.cli<SiteView>('sites', 'show', 'hs'),
    ed: await set('ed', `identity_public_key=@${fileOf(pem(ed.publicKey))}`),
    rsa: await set('rsa', `identity_public_key=${pem(rsa.publicKey)}`),
    edOnly: await set('ed-only', 'identity_secret=', `identity_public_key=${pem(ed.publicKey)}`),
  }
  const taken = async () => {
    const token = await sign({ alg: 'EdDSA', key: ed.privateKey, site: sites.edOnly })
    return (await login(sites.edOnly, token)).rejected.length === 0
  }
  await until(taken, 'the collector to load the last key')
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await server.stop()
})

function fileOf(content: string): string {
  const file = join(folder, randomUUID())
  writeFileSync(file, content)
  return file
}

type Signing = { alg: string; key: KeyObject | Uint8Array; site: SiteView; header?: object; claims?: object }

function sign({ alg, key, site, header = {}, claims = {} }: Signing): Promise<string> {
  const iat = Math.floor(Date.now() / 1000)
  return new SignJWT({ sub: 'anna', aud: site.id, iat, exp: iat + 600, jti: randomUUID(), ...claims })
    .setProtectedHeader({ alg, ...header })
    .sign(key)
}

/** Sends a login and returns its outcome. */
async function login(site: SiteView, token: string): Promise<{ visitor: string; rejected: WireReply['rejected'] }> {
  const visitor = newVisitor()
  const body = batch([event('page'), event('identify', 0, { kind: 'login', token })], { site: site.id, visitor })
  const response = await send(server, body)
  if (response.status !== 202) throw new Error(`${response.status} ${await response.text()}`)
  return { visitor, rejected: ((await response.json()) as WireReply).rejected }
}

describe('a login is verified if signed by', () => {
  test.each<[string, () => Signing]>([
    ['the site’s secret', () => ({ alg: 'HS256', key: text(sites.hs.identity_secret), site: sites.hs })],
    ['an Ed25519 key', () => ({ alg: 'EdDSA', key: ed.privateKey, site: sites.ed })],
    ['an RSA key', () => ({ alg: 'RS256', key: rsa.privateKey, site: sites.rsa })],
    [
      'the secret of a site that also has a public key',
      () => ({ alg: 'HS256', key: text(sites.ed.identity_secret), site: sites.ed }),
    ],
    ['the key of a site whose secret was removed', () => ({ alg: 'EdDSA', key: ed.privateKey, site: sites.edOnly })],
  ])('%s, and the key’s id is stored', async (_, make) => {
    const signing = make()
    const { visitor, rejected } = await login(signing.site, await sign({ ...signing, header: { kid: 'key-1' } }))
    expect(rejected).toEqual([])
    await settled(server)
    expect((await server.get(`/api/v1/visitors/${visitor}`)).links).toMatchObject([
      { contact: 'anna', strength: 'verified', state: 'open' },
    ])
    expect(await server.query('select kid from claims where visitor_id = ?', visitor)).toEqual([{ kid: 'key-1' }])
  })
})

describe('a login is refused', () => {
  const now = Math.floor(Date.now() / 1000)
  test.each<[string, () => Signing]>([
    [
      'signed by HS256 with the public key’s text as the secret',
      () => ({ alg: 'HS256', key: text(pem(ed.publicKey)), site: sites.ed }),
    ],
    [
      'signed the same way for a site without a secret',
      () => ({ alg: 'HS256', key: text(pem(ed.publicKey)), site: sites.edOnly }),
    ],
    [
      'signed the same way with an RSA key’s text',
      () => ({ alg: 'HS256', key: text(pem(rsa.publicKey)), site: sites.rsa }),
    ],
    [
      'signed the same way without the final newline',
      () => ({ alg: 'HS256', key: text(pem(rsa.publicKey).trim()), site: sites.rsa }),
    ],
    ['signed by a removed secret', () => ({ alg: 'HS256', key: text(sites.hs.identity_secret), site: sites.edOnly })],
    ['signed by HS512 with the secret', () => ({ alg: 'HS512', key: text(sites.hs.identity_secret), site: sites.hs })],
    ['signed by another Ed25519 key', () => ({ alg: 'EdDSA', key: otherEd.privateKey, site: sites.ed })],
    ['signed by RS256 for a site with an Ed25519 key', () => ({ alg: 'RS256', key: rsa.privateKey, site: sites.ed })],
    ['signed by EdDSA for a site with an RSA key', () => ({ alg: 'EdDSA', key: ed.privateKey, site: sites.rsa })],
    ['signed by PS256 with the right RSA key', () => ({ alg: 'PS256', key: rsa.privateKey, site: sites.rsa })],
    ['signed by RS512 with the right RSA key', () => ({ alg: 'RS512', key: rsa.privateKey, site: sites.rsa })],
    ['signed by a key for a site without a key', () => ({ alg: 'EdDSA', key: ed.privateKey, site: sites.hs })],
    ['for another site', () => ({ alg: 'EdDSA', key: ed.privateKey, site: sites.ed, claims: { aud: 'ed-only' } })],
    [
      'that ended',
      () => ({ alg: 'EdDSA', key: ed.privateKey, site: sites.ed, claims: { iat: now - 900, exp: now - 300 } }),
    ],
    ['that lives too long', () => ({ alg: 'EdDSA', key: ed.privateKey, site: sites.ed, claims: { exp: now + 3600 } })],
    [
      'issued in the future',
      () => ({ alg: 'EdDSA', key: ed.privateKey, site: sites.ed, claims: { iat: now + 300, exp: now + 600 } }),
    ],
    ['without an expiry', () => ({ alg: 'EdDSA', key: ed.privateKey, site: sites.ed, claims: { exp: undefined } })],
    ['without a contact', () => ({ alg: 'EdDSA', key: ed.privateKey, site: sites.ed, claims: { sub: undefined } })],
    ['with a number as its contact', () => ({ alg: 'EdDSA', key: ed.privateKey, site: sites.ed, claims: { sub: 7 } })],
  ])('%s', async (_, make) => {
    const signing = make()
    const { visitor, rejected } = await login(signing.site, await sign(signing))
    expect(rejected).toEqual([
      { index: 1, code: 'invalid_token', message: expect.stringMatching(/^props\.token must/) },
    ])
    await settled(server)
    expect(await server.query('select id from claims where visitor_id = ?', visitor)).toEqual([])
  })

  test.each(['none', 'None', ''])('without a signature, as alg %j', async (alg) => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = part({ sub: 'anna', aud: 'ed', iat: now, exp: now + 600 })
    const { rejected } = await login(sites.ed, `${part({ alg })}.${claims}.`)
    expect(rejected).toMatchObject([{ code: 'invalid_token' }])
  })

  test('times with fractions of a second are accepted and stored as whole seconds', async () => {
    const claims = { iat: now + 0.5, exp: now + 500.25 }
    const token = await sign({ alg: 'EdDSA', key: ed.privateKey, site: sites.ed, claims })
    const { visitor, rejected } = await login(sites.ed, token)
    expect(rejected).toEqual([])
    await settled(server)
    expect(await server.query('select iat, exp from claims where visitor_id = ?', visitor)).toEqual([
      { iat: now, exp: now + 500 },
    ])
  })
})

describe('the settings', () => {
  const set = (...what: string[]) => server.cli<SiteView>('sites', 'set', 'hs', ...what)
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 })

  test.each<[string, () => string, RegExp]>([
    [
      'a short RSA key',
      () => pem(short.publicKey),
      /identity_public_key must be Ed25519, or RSA of at least 2048 bits \(got rsa of 1024/,
    ],
    ['a key of another kind', () => pem(ec.publicKey), /must be Ed25519, or RSA .*\(got ec\)/],
    [
      'a private key',
      () => ed.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      /must be a public key in PEM.*this is a private key/,
    ],
    ['no key', () => 'abc', /must be a public key in PEM/],
    ['half a key', () => '-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----', /and can be read/],
    ['a missing file', () => `@${join(folder, 'nothing')}`, /must be @ and a file that can be read/],
  ])('refuse %s', async (_, make, sentence) => {
    await expect(set(`identity_public_key=${make()}`)).rejects.toThrow(sentence)
    expect((await server.cli<SiteView>('sites', 'show', 'hs')).settings.identity_public_key).toBe('')
  })

  test('keep at least one of secret and key', async () => {
    await expect(set('identity_secret=')).rejects.toThrow(/must have an identity_secret or an identity_public_key/)
    await expect(set('identity_secret=mine')).rejects.toThrow(/identity_secret must be "new" or empty/)
    await expect(server.cli('sites', 'set', 'ed-only', 'identity_public_key=')).rejects.toThrow(
      /must have an identity_secret/,
    )
  })

  test('replace the secret, and the previous one stops working', async () => {
    const before = await server.cli<SiteView>('sites', 'create', '--id', 'turned', '--origin', 'https://turned.example')
    const after = await server.cli<SiteView>('sites', 'set', 'turned', 'identity_secret=new')
    expect(after).toEqual({ ...before, identity_secret: expect.stringMatching(/^\S{32,}$/) })
    expect(after.identity_secret).not.toBe(before.identity_secret)
    const ends = async () => {
      const token = await sign({ alg: 'HS256', key: text(before.identity_secret), site: before })
      return (await login(before, token)).rejected.length === 1
    }
    await until(ends, 'the secret to stop working')
    const token = await sign({ alg: 'HS256', key: text(after.identity_secret), site: after })
    expect((await login(after, token)).rejected).toEqual([])
  })
})
