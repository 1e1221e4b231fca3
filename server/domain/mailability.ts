/** Whether a person may be mailed. */
import { type MailFlag, mailPermissionOf } from './mail-permission.ts'

/** Why a person may not be mailed about what they did. */
export const WHY_NOT_MAILABLE = [
  'no_mail_consent',
  'permission_unclear',
  'no_marketing_consent',
  'minor',
  'not_a_contact',
] as const

/** Why a person may not be mailed about what they did. */
export type WhyNotMailable = (typeof WHY_NOT_MAILABLE)[number]

/** Whether no visitor of a person refuses `marketing`: each has granted it, or there is none, and nothing they did is used. */
export function grantsMarketing(person: { marketing: 0 | 1; visitors: number }): boolean {
  return person.marketing === 1 || person.visitors === 0
}

/**
 * Whether a person may be mailed: the contact's permission, and `marketing` granted on every visitor of theirs
 * (`grantsMarketing`).
 */
export function mailability(person: {
  contact: boolean
  mailConsent: MailFlag | null
  marketing: boolean
  minor: boolean
}): { mailable: true } | { mailable: false; why: WhyNotMailable } {
  if (!person.contact) return { mailable: false, why: 'not_a_contact' }
  if (person.minor) return { mailable: false, why: 'minor' }
  const permission = mailPermissionOf(person.mailConsent)
  if (permission === 'unclear') return { mailable: false, why: 'permission_unclear' }
  if (permission !== 'yes') return { mailable: false, why: 'no_mail_consent' }
  if (!person.marketing) return { mailable: false, why: 'no_marketing_consent' }
  return { mailable: true }
}
