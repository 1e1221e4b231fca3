/**
 * One decision about a browser and a customer: its strength, its reason, what it covers, why it ended, and every proof.
 * The reason codes stand in small print beside the sentences, for support.
 */
import type { Child } from 'hono/jsx/dom'
import type { Client, ContactLink, Visitor } from '../api.ts'
import type { Ui } from '../texts/format.ts'
import { wordFor } from '../texts/words.ts'
import { Decision } from './decision.tsx'
import { deviceName, shortId } from './device-name.ts'
import { StrengthMark } from './mark.tsx'

/** The id of a link's card, to which the timeline links. */
export const linkAnchor = (id: string) => `link-${id}`

/** The states in which a link attributes visits to the customer. */
const COUNTS = new Set(['open', 'closed'])

type Props = {
  ui: Ui
  client: Client
  link: ContactLink
  visitor: Visitor | undefined
  /** Called when a decision was made. */
  onDecided: () => void
  /** Whether the buttons are shown at once or on request. */
  toDecide?: boolean
  /** The link's customer, if the page is not the customer's own. */
  children?: Child
}

/** The card. */
export function LinkCard({ ui, client, link, visitor, onDecided, toDecide, children }: Props) {
  const { t, f } = ui
  const counts = COUNTS.has(link.state)
  const owns = counts && link.strength !== 'claimed' && link.strength !== 'typed'
  const { proofs } = link
  return (
    <li class={counts ? 'card link' : 'card link idle'} id={linkAnchor(link.id)} data-testid="link">
      {children}
      <p class="link-head">
        <span class="strength">
          <StrengthMark strength={counts ? link.strength : 'none'} />{' '}
          {wordFor(t.links.strength, link.strength) ?? link.strength}
        </span>
        <span class={`state state-${link.state}`} data-testid="link-state">
          {wordFor(t.links.state, link.state) ?? link.state}
        </span>
      </p>
      <p class="reason" data-testid="link-reason">
        <Sentence table={t.links.reason} code={link.reason} /> <Code ui={ui} code={link.reason} />
      </p>
      {link.end_reason === null ? null : (
        <p class="reason" data-testid="link-end">
          <Sentence table={t.links.end} code={link.end_reason} /> <Code ui={ui} code={link.end_reason} />
        </p>
      )}
      <dl class="spans">
        <Line label={t.links.on}>
          {deviceName(ui, visitor)} <span class="hint">{t.contact.visitor(shortId(link.visitor))}</span>
        </Line>
        {counts && link.valid_from !== null ? (
          <>
            <Line label={t.links.since}>{f.dayAndTime(link.valid_from)}</Line>
            <Line label={t.links.reach}>{owns ? reachOf(ui, link) : t.links.ownsNothing}</Line>
          </>
        ) : (
          <Line label={t.links.claimedAt}>{f.dayAndTime(link.at)}</Line>
        )}
        {link.state === 'closed' && link.valid_to !== null ? (
          <Line label={t.links.until}>{f.dayAndTime(link.valid_to)}</Line>
        ) : null}
        {link.state === 'open' && link.expires_at !== null ? (
          <Line label={t.links.expires}>
            {visitor?.shared ? (
              t.links.thisVisit
            ) : (
              <>
                {f.localDate(link.expires_at)} <span class="hint">{t.links.expiresHint}</span>
              </>
            )}
          </Line>
        ) : null}
      </dl>
      {proofs.length === 0 ? null : (
        <details>
          <summary>{t.links.proofs(proofs.length, f.count)}</summary>
          <ol class="proof-list">
            {proofs.map((proof) => (
              <li key={proof.id}>
                <p>
                  <time datetime={proof.at}>{f.dayAndTime(proof.at)}</time>{' '}
                  <strong>{wordFor(t.proof, proof.evidence)?.label ?? proof.evidence}</strong>
                </p>
                <p class="hint">
                  <Sentence table={t.links.reason} code={proof.reason} /> <Code ui={ui} code={proof.reason} />
                </p>
              </li>
            ))}
          </ol>
        </details>
      )}
      {client.may('links:write') ? (
        <Decision key="decision" ui={ui} client={client} link={link} open={toDecide === true} onDecided={onDecided} />
      ) : null}
    </li>
  )
}

/** How far back a link attributes visits. */
function reachOf({ t, f }: Ui, link: ContactLink): string {
  const back = link.backfill_from
  if (back === null || link.valid_from === null || Date.parse(back) >= Date.parse(link.valid_from)) {
    return t.links.reachesNotBack
  }
  return f.dayAndTime(back)
}

function Sentence({ table, code }: { table: Record<string, string>; code: string }) {
  return <>{wordFor(table, code) ?? code}</>
}

function Code({ ui: { t }, code }: { ui: Ui; code: string }) {
  return (
    <code class="code" title={t.links.code} translate="no">
      {code}
    </code>
  )
}

function Line({ label, children }: { label: string; children?: Child }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  )
}
