/** `couture erase CONTACT`: erases a contact and what his visitors left. */
import type { Command } from 'commander'
import { nanoid } from 'nanoid'
import { createKeysOf } from '../actions/sites.ts'
import { eraseContact } from '../erasure/erase.ts'
import { createKeyring } from '../ops/keyring.ts'
import { writeAudit } from '../store/audit.ts'
import { transact } from '../store/engine/transact.ts'
import { listSites } from '../store/sites.ts'
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
        const sites = await listSites(db)
        const now = Date.now()
        const newId = () => nanoid(22)
        const keysOf = createKeysOf(keyring, () => sites)
        const erased = await transact(db, async (trx) => {
          const result = await eraseContact(trx, contact, { keysOf, tombstone: keyring.tombstone, newId, now })
          if (result !== null) {
            await writeAudit(trx, { id: newId(), at: now, actor: 'command', action: 'contacts.erase', detail: result })
          }
          return result
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
