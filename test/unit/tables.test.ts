/** The register of tables as the compiler and the reader of its page see it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { TableEntry, TableName } from '../../server/store/table-entry.ts'
import { TABLE_NAMES, TABLES } from '../../server/store/tables.ts'
import { tablesPage } from '../support/tables-page.ts'

const PAGE = new URL('../../docs/tables.md', import.meta.url)

test('the page of the tables is what the register says', async () => {
  const page = await tablesPage()
  if (process.env.WRITE_DOCS) writeFileSync(PAGE, page)
  expect(readFileSync(PAGE, 'utf8')).toBe(page)
  for (const table of TABLE_NAMES) expect(page).toMatch(new RegExp(`### ${table}\n[^#]*\nColumns:\n\n- \`\\w+: `))
})

const { onErasure: _, ...silent } = TABLES.devices

// @ts-expect-error A table that does not say what erases it does not compile.
const withoutErasure: TableEntry<'devices'> = silent

// @ts-expect-error Nor does a register without one of the tables.
const withoutTable: { [T in TableName]: TableEntry<T> } = { devices: TABLES.devices }

// @ts-expect-error A table with a visitor in it cannot keep its rows when the visitor withdraws.
const keeping: TableEntry<'devices'> = { ...TABLES.devices, onWithdrawal: { kept: 'it is useful' } }

// @ts-expect-error Nor one with a contact when the contact is erased.
const keepingContact: TableEntry<'contacts'> = { ...TABLES.contacts, onErasure: { kept: 'it is useful' } }

// @ts-expect-error A column that the table does not have spreads and empties nothing.
const elsewhere: TableEntry<'devices'> = { ...TABLES.devices, distributedBy: { group: 'visitor', column: 'visitor' } }

test('entries that the compiler refuses are refused for what they say, and not for what they are', () => {
  const entries = [withoutErasure, withoutTable.devices, keeping, keepingContact, elsewhere]
  for (const entry of entries) expect(entry).toMatchObject({ copied: 'yes' })
})
