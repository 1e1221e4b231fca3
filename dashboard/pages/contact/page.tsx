/**
 * Everything about one customer: what the CRM and the shop know, the devices on which the customer was seen, why they
 * are attributed, and what the customer did there. It refreshes every ten seconds; opened parts stay open.
 */
import { flushSync, useEffect, useRef, useState } from 'hono/jsx/dom'
import type { Client } from '../../api.ts'
import { usePoll } from '../../hooks/poll.ts'
import type { Route } from '../../hooks/route.ts'
import { Freshness } from '../../parts/freshness.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { ProofNotes } from '../../parts/proof.tsx'
import { RouteLink } from '../../parts/route-link.tsx'
import { Loading, Trouble, troubleText } from '../../parts/trouble.tsx'
import type { Ui } from '../../texts/format.ts'
import { type ContactData, nameOf, readContact } from './contact-data.ts'
import { Attributes, CartFact, MailPermission, Orders, Segments } from './contact-facts.tsx'
import { Devices } from './devices.tsx'
import { LinkList } from './link-list.tsx'
import { PastCarts } from './past-carts.tsx'
import { Timeline } from './timeline.tsx'

const REFRESH_MS = 10_000

type Props = { ui: Ui; client: Client; id: string; onGo: (place: Route) => void }

/** The page of the customer with this id. */
export function ContactPage({ ui, client, id, onGo }: Props) {
  const { t } = ui
  const [depth, setDepth] = useState(1)
  const latest = useRef<ContactData | null>(null)
  const { data, at, error, reload } = usePoll<ContactData>(
    id,
    async (signal) => {
      latest.current = await readContact(client, id, depth, latest.current, signal)
      return latest.current
    },
    REFRESH_MS,
  )
  // A customer who is erased while the page is open disappears from the page too.
  const unknown = error?.status === 404
  const contact = unknown ? null : (data?.contact ?? null)
  const name = contact === null ? null : nameOf(contact)
  const title = unknown ? t.contact.unknownTitle : name || contact?.email || t.customerId(id)

  return (
    <>
      <p class="back">
        <RouteLink to={{ page: 'carts' }} onGo={onGo}>
          {t.abandonedCarts}
        </RouteLink>
      </p>
      <PageHead title={<bdi>{title}</bdi>} lead={unknown || data === null ? '\u00a0' : <Who ui={ui} data={data} />}>
        {unknown ? null : <Freshness ui={ui} at={at} failing={error !== null} />}
      </PageHead>
      {unknown ? (
        <div key="unknown" class="card empty" data-testid="unknown">
          <p>{t.contact.unknownText(id)}</p>
        </div>
      ) : contact === null || data === null ? (
        error ? (
          <Trouble key="trouble" ui={ui} error={error} onRetry={reload} />
        ) : (
          <Loading key="loading" ui={ui} />
        )
      ) : (
        <div key="contact" class="contact">
          <div class="facts">
            <MailPermission ui={ui} contact={contact} />
            <CartFact ui={ui} contact={contact} nowMs={at} />
            <Devices ui={ui} contact={contact} />
            <PastCarts ui={ui} contact={contact} />
            <Orders ui={ui} contact={contact} />
            <Segments ui={ui} contact={contact} />
            <Attributes ui={ui} contact={contact} />
          </div>
          <div class="story">
            <section aria-labelledby="links-title">
              <h2 id="links-title">{t.links.title}</h2>
              <p class="hint">{t.links.lead}</p>
              <LinkList ui={ui} client={client} links={contact.links} visitors={contact.visitors} onDecided={reload} />
              <ProofNotes ui={ui} />
            </section>
            <section aria-labelledby="timeline-title">
              <h2 id="timeline-title">{t.contact.timeline}</h2>
              <p class="hint">{t.contact.timelineLead}</p>
              <Timeline ui={ui} events={data.events} visitors={contact.visitors} links={contact.links} />
              <LaterEvents
                ui={ui}
                data={data}
                waiting={error === null && data.next !== null && depth > data.pages}
                trouble={error !== null && depth > data.pages ? troubleText(ui, error) : null}
                onMore={() => {
                  flushSync(() => setDepth(data.pages + 1))
                  reload()
                }}
              />
            </section>
          </div>
        </div>
      )}
    </>
  )
}

/** The line below the name: the address, and the id in the CRM. */
function Who({ ui: { t }, data: { contact } }: { ui: Ui; data: ContactData }) {
  return (
    <>
      {contact.email === null || nameOf(contact) === null ? null : (
        <>
          <bdi>{contact.email}</bdi>
          {' · '}
        </>
      )}
      <bdi>{t.contact.id(contact.id)}</bdi>
    </>
  )
}

type LaterProps = { ui: Ui; data: ContactData; waiting: boolean; trouble: string | null; onMore: () => void }

/** How many events there are, and a button for those that are not loaded yet. */
function LaterEvents({ ui: { t, f }, data, waiting, trouble, onMore }: LaterProps) {
  // The button disappears with the last page; its focus moves to the line with the count.
  const line = useRef<HTMLParagraphElement>(null)
  useEffect(() => {
    if (data.pages > 1 && data.next === null && document.activeElement === document.body) line.current?.focus()
  }, [data.next])
  return (
    <div class="more" hidden={data.events.length === 0}>
      <p class="hint" role="status" ref={line} tabindex={-1} data-testid="events-loaded">
        {t.contact.loaded(data.events.length, data.next !== null, f.count)}
      </p>
      {data.next === null ? null : (
        <button
          key="more"
          type="button"
          class="quiet"
          data-testid="more-events"
          aria-disabled={waiting ? 'true' : undefined}
          onClick={() => waiting || onMore()}
        >
          {waiting ? t.contact.loadingMore : t.contact.more}
        </button>
      )}
      {trouble === null ? null : <span class="field-trouble">{trouble}</span>}
    </div>
  )
}
