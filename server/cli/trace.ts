/** `couture trace VISITOR|CONTACT`: prints what is known about a visitor or contact, and why. */
import type { Command } from 'commander'
import { nanoid } from 'nanoid'
import { createKeysOf } from '../actions/sites.ts'
import { type Trace, trace } from '../actions/trace.ts'
import { anonymousVisitors } from '../collect/visitor.ts'
import type { Person } from '../domain/ids.ts'
import { createKeyring } from '../ops/keyring.ts'
import { listSites } from '../store/sites.ts'
import { visitorNamed } from '../store/visitor-names.ts'
import { commandBy } from './by.ts'
import { Refusal, show, withStore } from './store.ts'

const PURPOSES = ['analytics', 'identity', 'marketing'] as const

/** Adds the command. */
export function registerTrace(program: Command): void {
  program
    .command('trace <id>')
    .description('print what is known about a visitor or contact, and why; leaves an entry in the audit log')
    .option('--json', 'print JSON')
    .action((name: string, options: { json?: boolean }) =>
      withStore(async (db, config) => {
        const keyring = createKeyring(config.secret)
        const sites = await listSites(db)
        const siteIds = sites.map((site) => site.id)
        const id = await visitorNamed(
          { db, anonymousVisitors: (anonymousId) => anonymousVisitors(siteIds, anonymousId, keyring.visitor) },
          name,
        )
        const found = await trace(db, id, {
          keysOf: createKeysOf(keyring, () => sites),
          tombstone: keyring.tombstone,
          newId: () => nanoid(22),
          now: Date.now(),
          actor: commandBy().actor,
        })
        if (found === null) throw new Refusal(`there is no visitor or contact "${name}"`)
        show(options.json, found, () => text(found))
      }),
    )
}

function text({ id, ended, contact, visitors, more_visitors, persons, pending }: Trace): string {
  return [
    ...ended.map((end) => `The ${end.kind} ${id} was ${end.ended} on ${end.at}. Nothing else is kept.`),
    ...(contact ? contactLines(contact) : []),
    ...visitors.flatMap(visitorLines),
    ...(more_visitors > 0 ? ['', `${more_visitors} more visitors are not shown.`] : []),
    ...persons.flatMap(personLines),
    ...section('Pending', [
      ...pending.persons.map((person) => `${nameOf(person)} waits to be derived`),
      ...pending.contacts.map((each) => `contact ${each} waits to be published`),
      ...pending.failures.map(
        (each) => `${each.stage} failed ${each.attempts} times, last at ${each.at}: ${each.error}`,
      ),
    ]),
  ]
    .join('\n')
    .trim()
}

const nameOf = (person: Person) =>
  person.kind === 'contact' ? `contact ${person.id}` : `visitor ${person.id}, epoch ${person.epoch}`

function section(title: string, lines: string[], indent = ''): string[] {
  return lines.length === 0 ? [] : ['', `${indent}${title}`, ...lines.map((line) => `${indent}  ${line}`)]
}

function contactLines(contact: NonNullable<Trace['contact']>): string[] {
  const mail = contact.mail_consent === null ? 'unknown' : contact.mail_consent ? 'yes' : 'no'
  return [
    `Contact ${contact.id}, imported at ${contact.imported_at}`,
    `  may be mailed: ${mail}${contact.mail_consent_at ? ` (since ${contact.mail_consent_at})` : ''}`,
    ...(contact.minor ? ['  is a minor'] : []),
    ...(contact.merged_into ? [`  was merged into ${contact.merged_into}`] : []),
    ...section(
      'Orders',
      contact.orders.map((order) => `${order.at}  ${order.order_id}  ${order.total} ${order.currency}`),
      '  ',
    ),
  ]
}

function visitorLines(visitor: Trace['visitors'][number]): string[] {
  const { device } = visitor
  return [
    '',
    `Visitor ${visitor.id}${visitor.site ? ` of ${visitor.site}` : ''}`,
    ...(visitor.first_seen === null
      ? ['  not derived yet']
      : [`  ${visitor.events} events from ${visitor.first_seen} to ${visitor.last_seen}`]),
    ...(device ? [`  ${[device.type, device.browser, device.os].filter(Boolean).join(', ')}`] : []),
    ...(visitor.shared ? ['  the device is shared: a link holds for its session only'] : []),
    ...(visitor.overactive ? ['  is overactive: nothing is derived from its events'] : []),
    ...(visitor.waits_to_be_derived ? ['  waits to be derived'] : []),
    ...section(
      'Consents',
      visitor.consents.map((choice) => {
        const allowed = PURPOSES.filter((purpose) => choice[purpose])
        return `${choice.first_at}  ${allowed.join(', ') || 'nothing'}  (${choice.source}, policy ${choice.policy ?? 'none'})`
      }),
      '  ',
    ),
    ...section(
      'Claims',
      visitor.claims.flatMap((claim) => [
        `${claim.at}  ${claim.evidence}  ${
          claim.outcome
            ? `${claim.outcome.contact ?? 'unknown contact'}: ${claim.outcome.state}, ${claim.outcome.reason}`
            : 'not judged yet'
        }`,
        ...(claim.outcome ? [`  ${claim.outcome.why}`] : []),
        ...claim.acts.map((act) => `  ${act.act} by ${act.actor} at ${act.at}`),
      ]),
      '  ',
    ),
    ...section(
      'Links',
      visitor.links.flatMap((link) => [
        `${link.contact ?? 'unknown contact'}: ${link.state}, ${link.strength}, ${link.reason}`,
        ...(link.valid_from
          ? [`  from ${link.backfill_from ?? link.valid_from} to ${link.valid_to ?? link.expires_at ?? 'now'}`]
          : []),
        ...(link.why_ended ? [`  ended as ${link.end_reason}: ${link.why_ended}`] : []),
      ]),
      '  ',
    ),
    ...section(
      'Epochs',
      visitor.epochs.map((epoch) => `${epoch.n}  ${epoch.from} to ${epoch.to ?? 'now'}  ${nameOf(epoch.person)}`),
      '  ',
    ),
    ...section(
      'Carts',
      visitor.carts.flatMap((cart) => [
        `${cart.state}, ${cart.value} ${cart.currency}, of ${nameOf(cart.person)}: ${cart.items.map((item) => `${item.quantity} × ${item.item_id}`).join(', ')}`,
        `  ${cart.why}`,
      ]),
      '  ',
    ),
    ...section(
      'Purchases',
      visitor.purchases.map(
        (each) => `${each.at}  ${each.order_id}  ${each.total} ${each.currency}  ${nameOf(each.person)}`,
      ),
      '  ',
    ),
    ...section(
      'Dead letters',
      visitor.dead_letters.map((letter) => `${letter.at}  ${letter.error}`),
      '  ',
    ),
  ]
}

function personLines(person: Trace['persons'][number]): string[] {
  return section(
    `Person: ${nameOf(person.person)}`,
    person.memberships.flatMap((membership) => [
      membership.member
        ? `in ${membership.segment} since ${membership.entered_at} (${membership.reason})${membership.changes_at ? `, at least until ${membership.changes_at}` : ''}`
        : `not in ${membership.segment}${membership.changes_at ? `, at least until ${membership.changes_at}` : ''}`,
      ...membership.nodes.map((node) =>
        `  ${node.holds ? 'holds' : 'fails'}  ${node.path}  ${node.facts.map((fact) => `${fact.text} ${fact.at}`).join(', ')}`.trimEnd(),
      ),
    ]),
  )
}
