/** The browsers that are linked to a customer: their kind, when they were seen, and what was allowed on each. */
import type { Contact, Visitor } from '../../api.ts'
import { deviceName, shortId } from '../../parts/device-name.ts'
import { Sign } from '../../parts/mark.tsx'
import type { Ui } from '../../texts/format.ts'
import { Fact } from './contact-facts.tsx'

/** The list of devices, last seen first. */
export function Devices({ ui, contact }: { ui: Ui; contact: Contact }) {
  const { t } = ui
  const visitors = contact.visitors.toSorted((a, b) => Date.parse(b.last_seen) - Date.parse(a.last_seen))
  return (
    <Fact name="devices" title={t.contact.devices}>
      {visitors.length === 0 ? <p class="hint">{t.contact.noDevices}</p> : null}
      <ul class="devices">
        {visitors.map((visitor) => (
          <Device key={visitor.id} ui={ui} visitor={visitor} chosenAt={chosenAt(contact, visitor)} />
        ))}
      </ul>
    </Fact>
  )
}

/** When the visitor's latest choice was first made. */
function chosenAt({ consents }: Contact, visitor: Visitor): string | null {
  return consents.findLast((choice) => choice.visitor === visitor.id)?.at ?? null
}

function Device({ ui, visitor, chosenAt }: { ui: Ui; visitor: Visitor; chosenAt: string | null }) {
  const { t, f } = ui
  return (
    <li data-testid="device">
      <p class="name">{deviceName(ui, visitor)}</p>
      <p class="aside">{t.contact.seen(f.localDate(visitor.first_seen), f.localDate(visitor.last_seen))}</p>
      <p class="aside" title={visitor.id}>
        {t.contact.visitor(shortId(visitor.id))} · {t.contact.events(visitor.events, f.count)}
      </p>
      {visitor.shared ? (
        <p class="shared">
          <strong>{t.contact.shared}.</strong> <span class="hint">{t.contact.sharedHint}</span>
        </p>
      ) : null}
      <p class="consents">
        <Consent ui={ui} label={t.contact.recognition} given={visitor.consent.identity} />
        <Consent ui={ui} label={t.contact.marketing} given={visitor.consent.marketing} />
      </p>
      {chosenAt === null ? null : <p class="hint">{t.contact.chosen(f.localDate(chosenAt))}</p>}
    </li>
  )
}

function Consent({ ui: { t }, label, given }: { ui: Ui; label: string; given: boolean }) {
  return (
    <span class={given ? 'mail yes' : 'mail no'}>
      <Sign yes={given} />
      <span>
        {label}
        <span class="unseen"> {given ? t.contact.yes : t.contact.no}</span>
      </span>
    </span>
  )
}
