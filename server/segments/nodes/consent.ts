/** `{"consent": {…}}`: the consent given by the contact or by the person's visitors. */
import type { Expression, SqlBool } from 'kysely'
import { z } from 'zod'
import { allOf, NEVER, type Spans, since } from '../../domain/spans.ts'
import { enumerated } from '../phrases.ts'
import { isSoFarOrAlways } from '../test-value.ts'
import type { NodeKind } from './node.ts'

const schema = z
  .strictObject({ mail: z.boolean().optional(), identity: z.boolean().optional(), marketing: z.boolean().optional() })
  .refine((value) => Object.keys(value).length > 0, 'must have at least one of mail, marketing and identity')

declare module './node.ts' {
  interface NodeValues {
    consent: z.infer<typeof schema>
  }
}

const WORDS = {
  en: {
    mail: ['may be sent e-mail', 'have not agreed to e-mail'],
    marketing: ['allow marketing', 'do not allow marketing'],
    identity: ['allow to be recognised', 'do not allow to be recognised'],
  },
  fr: {
    mail: ['acceptent les e-mails', 'n’ont pas accepté les e-mails'],
    marketing: ['acceptent le marketing', 'n’acceptent pas le marketing'],
    identity: ['acceptent d’être reconnues', 'n’acceptent pas d’être reconnues'],
  },
} as const

/** The kind `consent`. */
export const consent: NodeKind<'consent'> = {
  about: 'whose `mail` permission in the CRM, `identity` or `marketing` is as stated',
  schema: () => schema,
  where({ mail, marketing, identity }, { eb, now }) {
    const parts: Expression<SqlBool>[] = []
    if (mail !== undefined) {
      const state = mail
        ? eb('mail_consent', '=', 1)
        : eb.or([eb('mail_consent', '!=', 1), eb('mail_consent', 'is', null)])
      parts.push(eb.and([state, isSoFarOrAlways(eb, 'mail_consent_since', now)]))
    }
    if (marketing !== undefined) {
      parts.push(eb.and([eb('marketing', '=', marketing ? 1 : 0), isSoFarOrAlways(eb, 'marketing_since', now)]))
    }
    if (identity !== undefined) parts.push(eb('identity', '=', identity ? 1 : 0))
    return eb.and(parts)
  },
  spans({ mail, marketing, identity }, { facts: { row } }) {
    const parts: Spans[] = []
    // A consent that was never granted counts as refused ever since the person is known.
    if (mail !== undefined) {
      parts.push((row.mail_consent === 1) === mail ? since(row.mail_consent_since ?? -Infinity, 'import') : NEVER)
    }
    if (marketing !== undefined) {
      parts.push((row.marketing === 1) === marketing ? since(row.marketing_since ?? -Infinity, 'event') : NEVER)
    }
    if (identity !== undefined) parts.push((row.identity === 1) === identity ? since(-Infinity, 'event') : NEVER)
    return allOf(parts)
  },
  words(value, { language }) {
    const said = (['mail', 'marketing', 'identity'] as const).flatMap((name) =>
      value[name] === undefined ? [] : WORDS[language][name][value[name] ? 0 : 1],
    )
    return enumerated(said, language)
  },
  facts({ mail, marketing }, { facts: { row }, language }) {
    const told = (at: number | null, fr: string, en: string) =>
      at === null ? [] : [{ kind: 'consent', at, id: null, text: language === 'fr' ? fr : en }]
    return [
      ...(mail === undefined
        ? []
        : told(row.mail_consent_since, 'dernier choix pour les e-mails', 'last word on e-mail')),
      ...(marketing === undefined ? [] : told(row.marketing_since, 'marketing accepté', 'marketing allowed')),
    ]
  },
}
