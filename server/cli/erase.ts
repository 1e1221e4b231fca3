/** `couture erase CONTACT`: erases a contact and the data of its visitors. */
import type { Command } from 'commander'
import { nanoid } from 'nanoid'
import { readKeysOf } from '../actions/sites.ts'
import { eraseAudited } from '../erasure/erase-audited.ts'
import { createKeyring } from '../ops/keyring.ts'
import { commandBy } from './by.ts'
import { Refusal, show, withStore } from './store.ts'

/** Adds the command. */
export function registerErase(program: Command): void {
  program
    .command('erase <contact>')
    .description("erase a contact, given by its CRM id, and its visitors' data; later imports of it are refused")
    .option('--json', 'print JSON')
    .action((contact: string, options: { json?: boolean }) =>
      withStore(async (db, config) => {
        const keyring = createKeyring(config.secret)
        const erased = await eraseAudited(db, contact, {
          keysOf: await readKeysOf(db, keyring),
          tombstone: keyring.tombstone,
          newId: () => nanoid(22),
          now: Date.now(),
          actor: commandBy().actor,
        })
        if (erased === null) throw new Refusal(`there is no contact "${contact}", or it is already erased`)
        const { visitors, shared, orders } = erased
        show(options.json, { id: contact, erased: true, visitors, shared_visitors: shared, orders }, () =>
          [
            `The contact is erased, with ${count(visitors, 'visitor')} and ${count(orders, 'order')} from other channels.`,
            ...(shared === 0
              ? []
              : [`On ${count(shared, 'device')} that others used too, only its own data is erased.`]),
            'The server removes derived data and journal entries within moments, or when it next starts.',
            'Backups still hold the contact; delete them yourself.',
          ].join('\n'),
        )
      }),
    )
}

function count(n: number, what: string): string {
  return `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`
}
