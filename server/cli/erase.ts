/** `couture erase CONTACT`: erases a contact and what his visitors left. */
import type { Command } from 'commander'
import { nanoid } from 'nanoid'
import { readKeysOf } from '../actions/sites.ts'
import { eraseAudited } from '../erasure/erase-audited.ts'
import { createKeyring } from '../ops/keyring.ts'
import { Refusal, show, withStore } from './store.ts'

/** Adds the command. */
export function registerErase(program: Command): void {
  program
    .command('erase <contact>')
    .description('erase a contact, by the id that the CRM gave it, and what its visitors left; it stays out for good')
    .option('--json', 'print for programs')
    .action((contact: string, options: { json?: boolean }) =>
      withStore(async (db, config) => {
        const keyring = createKeyring(config.secret)
        const erased = await eraseAudited(db, contact, {
          keysOf: await readKeysOf(db, keyring),
          tombstone: keyring.tombstone,
          newId: () => nanoid(22),
          now: Date.now(),
          actor: 'command',
        })
        if (erased === null) throw new Refusal(`there is no contact "${contact}", or it was erased already`)
        const { visitors, shared, orders } = erased
        show(options.json, { id: contact, erased: true, visitors, shared_visitors: shared, orders }, () =>
          [
            `The contact is erased, with ${count(visitors, 'visitor')} and ${count(orders, 'order')} of other channels.`,
            ...(shared === 0 ? [] : [`On ${count(shared, 'device')} that others used too, what was its own is gone.`]),
            'A running server removes the rest within moments; a stopped one when it starts. Backups are yours to delete.',
          ].join('\n'),
        )
      }),
    )
}

function count(n: number, what: string): string {
  return `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`
}
