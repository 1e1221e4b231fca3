/**
 * Which pushes of a known contact are written: the short way by which most rows of a file that is imported again are
 * passed over decides as the full rule does, for every combination of a few values.
 */
import { expect, test } from 'vitest'
import { applyPatch, type ContactPatch, isNews, newRow, same, tellsNothing } from '../../server/store/contact-patch.ts'

const DAY = 86_400_000
const NOW = 1_790_000_000_000

const WORDS: Partial<ContactPatch>[] = [
  ...[{}, { mail_consent: true }, { mail_consent: false }, { mail_consent: 'unclear' }, { mail_consent: null }],
  { mail_consent: true, mail_consent_at: NOW - 9 * DAY },
  { mail_consent: false, mail_consent_at: NOW - 9 * DAY },
  { mail_consent: true, mail_consent_at: NOW - 5 * DAY },
  { mail_consent: false, mail_consent_at: NOW - 5 * DAY },
  { mail_consent: 'unclear', mail_consent_at: NOW - 5 * DAY, mail_answer: true },
  { mail_consent: true, mail_consent_at: null, mail_answer: true },
] as const

const FIELDS: Partial<ContactPatch>[] = [
  ...[{}, { email: 'a@b.example' }, { email: null }, { minor: true }, { minor: false, phone: '+33' }],
  ...[{ attributes: {} }, { attributes: { city: 'Lyon' } }, { attributes: { city: null } }],
  ...[{ attributes: { city: 'Paris', points: 3 } }, { attributes: { tags: ['a'] } }, { merged_into: 'other' }],
]

const TIMES: Pick<ContactPatch, 'updated_at' | 'undated' | 'of_file'>[] = [
  { updated_at: NOW - DAY },
  { updated_at: NOW, undated: true, of_file: true },
  { updated_at: NOW, undated: true },
]

const patches = WORDS.flatMap((word) =>
  FIELDS.flatMap((fields) => TIMES.map((time): ContactPatch => ({ id: 'one', ...fields, ...word, ...time }))),
)

test('a push is passed over only if it changes nothing', () => {
  let passed = 0
  for (const first of patches) {
    const empty = newRow(first, NOW - 2 * DAY)
    const old = applyPatch(empty, { ...first, updated_at: first.updated_at - 2 * DAY })
    for (const patch of patches) {
      const next = applyPatch(old, patch)
      const changes = !same(old, next) || !tellsNothing(patch, old, next)
      if (isNews(old, patch) !== changes) expect({ old, patch, next }).toBe(changes ? 'written' : 'passed over')
      if (!changes) passed++
    }
  }
  expect(passed).toBeGreaterThan(1000)
})

test('a refusal without a date is written each time that it is heard', () => {
  const patch: ContactPatch = { id: 'one', mail_consent: false, updated_at: NOW, undated: true, of_file: true }
  const old = applyPatch(newRow(patch, NOW), patch)
  expect(isNews(old, { ...patch, updated_at: NOW + DAY })).toBe(true)
  expect(isNews({ ...old, mail_consent_at: NOW - DAY }, { ...patch, updated_at: NOW + DAY })).toBe(false)
})
