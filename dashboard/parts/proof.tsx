/** Why a visit is attributed to a customer: the strength of the link and its evidence, in plain words. */
import type { Member } from '../api.ts'
import type { Ui } from '../texts/format.ts'
import { StrengthMark } from './mark.tsx'

/** The evidence for one member; a single piece is explained, several are only listed. */
export function Proof({ ui: { t, f }, member }: { ui: Ui; member: Member }) {
  const { strength, evidence, matched_at: matchedAt } = member
  if (member.contact === null || (strength === null && evidence.length === 0)) {
    return (
      <p class="strength none">
        <StrengthMark strength="none" /> {t.notLinked}
      </p>
    )
  }
  return (
    <>
      {strength === null ? null : (
        <p key="strength" class="strength">
          <StrengthMark strength={strength} /> {t.strength[strength]}{' '}
          {matchedAt === null ? null : (
            <time class="hint" datetime={matchedAt} title={f.moment(matchedAt)}>
              {f.localDay(matchedAt)}
            </time>
          )}
        </p>
      )}
      <ul class="proofs" key="proofs">
        {evidence.map((kind) => (
          <li key={kind}>
            {t.proof[kind]?.label ?? kind}
            {evidence.length === 1 ? <span class="hint"> {t.proof[kind]?.short}</span> : null}
          </li>
        ))}
      </ul>
    </>
  )
}

/** Explains the terms on request. */
export function ProofNotes({ ui: { t } }: { ui: Ui }) {
  return (
    <details class="proof-notes">
      <summary>{t.proofTitle}</summary>
      <dl>
        {t.proofs.map(({ label, text }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </details>
  )
}
