/** `couture tokens …`: mints and revokes the link tokens of mailings. */
import type { Command } from 'commander'
import { createMint, type Revoking, revokeTokens } from '../actions/link-tokens.ts'
import type { Store } from '../actions/prepare-store.ts'
import { targetProblem } from '../domain/link-target.ts'
import { issuedFor, MESSAGE_PATTERN } from '../domain/token.ts'
import { createKeyring } from '../ops/keyring.ts'
import { contactRecipients, type Recipients, type Rejected, segmentRecipients } from '../segments/recipients.ts'
import { noteCommand } from './by.ts'
import { siteOrRefuse } from './sites.ts'
import { Refusal, show, withStore } from './store.ts'

type MintOptions = {
  site: string
  message: string
  contacts?: string
  segment?: string
  target?: string
  expires?: string
  json?: boolean
}
type RevokeOptions = {
  site: string
  token?: string
  message?: string
  contact?: string
  key?: string
  json?: boolean
}

/** Adds the commands. */
export function registerTokens(program: Command): void {
  const tokens = program.command('tokens').description('link tokens of mailings')

  tokens
    .command('mint')
    .description('mint the links of a mailing; prints one contact and URL per line')
    .requiredOption('--site <id>', 'the site to which the links lead')
    .requiredOption('--message <name>', 'the name of the mailing: 1 to 40 of A-Z a-z 0-9 _ -')
    .option('--contacts <ids>', 'mint for these contacts, comma-separated')
    .option('--segment <id>', 'mint for the members of a segment that are contacts and may be mailed')
    .option('--target <url>', "the landing page, by default the site's home page")
    .option('--expires <time>', 'the time until which they are evidence: at most, and by default, 30 days from now')
    .option('--json', 'print JSON')
    .action((options: MintOptions) =>
      withStore(async (db, config) => {
        const site = await siteOrRefuse(db, options.site)
        if (!MESSAGE_PATTERN.test(options.message)) {
          throw new Refusal(`--message must be 1 to 40 of A-Z a-z 0-9 _ - (got "${options.message}")`)
        }
        const target = options.target ?? `${site.origins[0]}/`
        const problem = targetProblem(target, site)
        if (problem) throw new Refusal(`--${problem.message}`)
        const now = Date.now()
        const issuedAt = options.expires === undefined ? now : issuedFor(Date.parse(options.expires), now)
        if (issuedAt === null) {
          throw new Refusal(`--expires must be a time within 30 days from now (got "${options.expires}")`)
        }
        const next = await recipientsOf(db, options)
        const mint = createMint(config.publicUrl)
        const data: ReturnType<typeof mint>[] = []
        const rejected: Rejected[] = []
        for (let more = true; more; ) {
          const page = await next()
          data.push(
            ...page.contacts.map((contactId) => mint(site, { message: options.message, contactId, issuedAt, target })),
          )
          rejected.push(...page.rejected)
          more = page.more
        }
        const counts = { minted: data.length, rejected: rejected.length }
        await noteCommand(db, 'link_tokens.mint', { site: site.id, message: options.message, ...counts })
        show(options.json, { data, rejected }, () =>
          [
            ...data.map(({ contact, url }) => `${contact}  ${url}`),
            ...rejected.map(({ contact, code, message }) => `${contact}  no link: ${message} (${code})`),
          ].join('\n'),
        )
      }),
    )

  tokens
    .command('revoke')
    .description('revoke tokens: later clicks prove nothing, earlier ones remain valid; this cannot be undone')
    .requiredOption('--site <id>', 'the site of the tokens')
    .option('--token <token>', 'one token')
    .option('--message <name>', 'all tokens of a mailing')
    .option('--contact <id>', 'all tokens of a contact, including those minted later')
    .option('--key <all>', '"all": every token of the site, by replacing its link secret')
    .option('--json', 'print JSON')
    .action((options: RevokeOptions) =>
      withStore(async (db, config) => {
        const site = await siteOrRefuse(db, options.site)
        const revoking = readRevoking(options)
        const message = revoking.kind === 'message' ? { message: revoking.value } : {}
        const result = await revokeTokens(db, createKeyring(config.secret), site, revoking, Date.now(), (trx) =>
          noteCommand(trx, 'link_tokens.revoke', { site: site.id, revoked: revoking.kind, ...message }),
        )
        if ('code' in result) throw new Refusal(`--${result.message}`)
        const at = new Date(result.at).toISOString()
        show(options.json, { site: site.id, revoked: revoking.kind, at }, () => `Revoked since ${at}.`)
      }),
    )
}

async function recipientsOf(db: Store, { contacts, segment }: MintOptions): Promise<Recipients> {
  if (contacts !== undefined && segment === undefined) {
    const ids = contacts.split(',').map((id) => id.trim())
    return contactRecipients(db, ids)
  }
  if (contacts !== undefined || segment === undefined) {
    throw new Refusal('one of --contacts and --segment must be given')
  }
  const recipients = await segmentRecipients(db, segment)
  if (!recipients) throw new Refusal(`there is no segment "${segment}"`)
  return recipients
}

function readRevoking({ token, message, contact, key }: RevokeOptions): Revoking {
  const given = Object.entries({ token, message, contact, key }).filter(([, value]) => value !== undefined)
  if (given.length !== 1) throw new Refusal('exactly one of --token, --message, --contact and --key all must be given')
  const [kind, value] = given[0] as ['token' | 'message' | 'contact' | 'key', string]
  if (kind !== 'key') return { kind, value }
  if (value !== 'all') throw new Refusal(`--key must be all (got "${value}")`)
  return { kind }
}
