/**
 * The cases that the rules could not settle, each with its evidence: possible duplicates, customers named by too many
 * browsers, forwarded newsletters, addresses of several customers, and shared devices. Somebody at the shop decides; a
 * decided case stays on the page and can be undone.
 */
import { useEffect, useState } from 'hono/jsx/dom'
import type { Client, ContactLink, Review, Visitor, VisitorDetail } from '../../api.ts'
import { usePoll } from '../../hooks/poll.ts'
import type { Route } from '../../hooks/route.ts'
import { deviceName, shortId } from '../../parts/device-name.ts'
import { Freshness } from '../../parts/freshness.tsx'
import { LinkCard } from '../../parts/link-card.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { RouteLink } from '../../parts/route-link.tsx'
import { Loading, Trouble } from '../../parts/trouble.tsx'
import type { Ui } from '../../texts/format.ts'
import { GROUPS, type Group, groupsOf } from './review-groups.ts'

const REFRESH_MS = 10_000

/** How many cards of a kind are shown at first: each requests its browser. */
const SHOWN_AT_ONCE = 10

type Props = { ui: Ui; client: Client; onGo: (place: Route) => void; onCount: (count: number) => void }

/** The page. */
export function ReviewPage({ ui, client, onGo, onCount }: Props) {
  const { t, f } = ui
  const [decided, setDecided] = useState<Map<string, ContactLink>>(new Map())
  const [shown, setShown] = useState<Record<string, number>>({})
  const { data, at, error, reload } = usePoll<Review>('review', (signal) => client.review(signal), REFRESH_MS)
  useEffect(() => {
    if (data !== null) onCount(data.links.filter((link) => link.state === 'review').length)
  }, [data])
  const groups = data === null ? null : groupsOf(data, decided)
  const limitOf = (kind: string) => shown[kind] ?? SHOWN_AT_ONCE

  const rest = (kind: string, count: number) =>
    count <= limitOf(kind) ? null : (
      <button
        key="rest"
        type="button"
        class="quiet"
        onClick={() => setShown({ ...shown, [kind]: limitOf(kind) + SHOWN_AT_ONCE })}
      >
        {t.review.rest(Math.min(SHOWN_AT_ONCE, count - limitOf(kind)), f.count)}
      </button>
    )
  const section = (group: Group, links: ContactLink[]) => (
    <section key={group} class="review" aria-labelledby={`${group}-title`} data-testid={`review-${group}`}>
      <h2 id={`${group}-title`}>
        {t.review[group]} <span class="tally">{f.count(links.length)}</span>
      </h2>
      <p class="hint">{t.review[`${group}Lead`]}</p>
      <ul class="links">
        {links.slice(0, limitOf(group)).map((link) => (
          <ToDecide
            key={link.id}
            ui={ui}
            client={client}
            link={link}
            onGo={onGo}
            onDecided={() => {
              setDecided((before) => new Map(before).set(link.id, link))
              reload()
            }}
          />
        ))}
      </ul>
      {rest(group, links.length)}
    </section>
  )

  return (
    <>
      <PageHead title={t.review.title} lead={t.review.lead}>
        <Freshness ui={ui} at={at} failing={error !== null} />
      </PageHead>
      {data === null || groups === null ? (
        error ? (
          <Trouble key="trouble" ui={ui} error={error} onRetry={reload} />
        ) : (
          <Loading key="loading" ui={ui} />
        )
      ) : groups.size + data.shared.length === 0 ? (
        <div key="none" class="card empty" data-testid="review-none">
          <h2>{t.review.none}</h2>
          <p>{t.review.noneHint}</p>
        </div>
      ) : (
        <div key="groups" class="reviews">
          {GROUPS.map((group) => {
            const own = groups.get(group)
            return own === undefined ? null : section(group, own)
          })}
          {data.shared.length === 0 ? null : (
            <section key="shared" class="review" aria-labelledby="shared-title" data-testid="review-shared">
              <h2 id="shared-title">
                {t.review.shared} <span class="tally">{f.count(data.shared.length)}</span>
              </h2>
              <p class="hint">{t.review.sharedLead}</p>
              <ul class="links">
                {data.shared.slice(0, limitOf('shared')).map((visitor) => (
                  <SharedDevice key={visitor.id} ui={ui} client={client} visitor={visitor} onGo={onGo} />
                ))}
              </ul>
              {rest('shared', data.shared.length)}
            </section>
          )}
          {data.more ? (
            <p key="first" class="hint">
              {t.review.first}
            </p>
          ) : null}
        </div>
      )}
    </>
  )
}

/** A browser, requested once; null until it has arrived, or if it does not exist any more. */
function useVisitor(client: Client, id: string): VisitorDetail | null {
  const [visitor, setVisitor] = useState<VisitorDetail | null>(null)
  useEffect(() => {
    const ending = new AbortController()
    client.visitor(id, ending.signal).then(setVisitor, () => {})
    return () => ending.abort()
  }, [id])
  return visitor
}

type CardProps = Omit<Props, 'onCount'> & { link: ContactLink; onDecided: () => void }

/** A link that needs review, with its customer. */
function ToDecide({ ui, client, link, onGo, onDecided }: CardProps) {
  const visitor = useVisitor(client, link.visitor)
  return (
    <LinkCard ui={ui} client={client} link={link} visitor={visitor ?? undefined} onDecided={onDecided} toDecide>
      <h3>{link.contact === null ? ui.t.review.nobody : <Customer ui={ui} id={link.contact} onGo={onGo} />}</h3>
    </LinkCard>
  )
}

function Customer({ ui: { t }, id, onGo }: { ui: Ui; id: string; onGo: (place: Route) => void }) {
  return (
    <RouteLink to={{ page: 'contact', id }} onGo={onGo}>
      <bdi>{t.customerId(id)}</bdi>
    </RouteLink>
  )
}

/** A shared device and its customers. */
function SharedDevice({ ui, client, visitor, onGo }: Omit<Props, 'onCount'> & { visitor: Visitor }) {
  const { t, f } = ui
  const links = useVisitor(client, visitor.id)?.links ?? []
  const counting = links.filter((link) => link.state === 'open' || link.state === 'closed')
  const customers = [...new Set(counting.flatMap((link) => link.contact ?? []))]
  return (
    <li class="card link" data-testid="shared-device">
      <h3>{deviceName(ui, visitor)}</h3>
      <dl class="spans">
        <div>
          <dt>{t.review.customers}</dt>
          <dd>
            <ul class="customers">
              {customers.map((id) => (
                <li key={id}>
                  <Customer ui={ui} id={id} onGo={onGo} />
                </li>
              ))}
            </ul>
          </dd>
        </div>
        <div>
          <dt>{t.contact.visitor(shortId(visitor.id))}</dt>
          <dd>{t.contact.seen(f.localDate(visitor.first_seen), f.localDate(visitor.last_seen))}</dd>
        </div>
      </dl>
    </li>
  )
}
