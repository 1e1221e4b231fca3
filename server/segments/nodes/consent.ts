/** `{"consent": {…}}`: the consent given by the contact or by the person's visitors. */
import { z } from 'zod'
import { allOf, type Cause, type Compiled, type NodeKind, type Time } from './node.ts'

const schema = z.strictObject({
  mail: z.boolean().optional(),
  identity: z.boolean().optional(),
  marketing: z.boolean().optional(),
})

declare module './node.ts' {
  interface NodeValues {
    consent: z.infer<typeof schema>
  }
}

/** The kind `consent`. */
export const consent: NodeKind<'consent'> = {
  about: 'whose `mail` permission in the CRM, `identity` or `marketing` is as stated',
  schema: () => schema,
  compile({ mail, marketing, identity }, { eb }) {
    const parts: Compiled[] = []
    // A consent that was never granted counts as refused since the person was first seen.
    const since = (at: Time, cause: Cause) => [{ at: eb.fn.coalesce(at, 'first_seen') as Time, cause }]
    if (mail !== undefined) {
      const where = mail
        ? eb('mail_consent', '=', 1)
        : eb.or([eb('mail_consent', '!=', 1), eb('mail_consent', 'is', null)])
      parts.push({ where, since: since(eb.ref('mail_consent_since'), 'import'), edges: [] })
    }
    if (marketing !== undefined) {
      const where = eb('marketing', '=', marketing ? 1 : 0)
      parts.push({ where, since: since(eb.ref('marketing_since'), 'event'), edges: [] })
    }
    if (identity !== undefined) {
      const where = eb('identity', '=', identity ? 1 : 0)
      parts.push({ where, since: [{ at: eb.ref('first_seen'), cause: 'event' }], edges: [] })
    }
    return allOf(eb, parts)
  },
}
