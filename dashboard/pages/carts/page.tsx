/**
 * The people with an abandoned cart: who, what, how much, since when, by which evidence, and whether they may be
 * mailed. The filter (everyone, customers or anonymous) applies to the loaded rows and sends no request.
 */
import { flushSync, useEffect, useRef, useState } from 'hono/jsx/dom'
import { ABANDONED_CSV, type Client, type Member } from '../../api.ts'
import { usePoll } from '../../hooks/poll.ts'
import type { Route } from '../../hooks/route.ts'
import { Choice } from '../../parts/choice.tsx'
import { Freshness } from '../../parts/freshness.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { ProofNotes } from '../../parts/proof.tsx'
import { Loading, Trouble, troubleText } from '../../parts/trouble.tsx'
import type { Ui } from '../../texts/format.ts'
import { MemberTable } from './member-table.tsx'
import { type MemberList, memberKey, readMembers } from './members.ts'

const FILTERS = ['everyone', 'customers', 'anonymous'] as const
type Filter = (typeof FILTERS)[number]

const FITS: Record<Filter, (member: Member) => boolean> = {
  everyone: () => true,
  customers: (member) => member.contact !== null,
  anonymous: (member) => member.contact === null,
}

/** The list of abandoned carts. */
export function CartsPage({ ui, client, onGo }: { ui: Ui; client: Client; onGo: (place: Route) => void }) {
  const { t, f } = ui
  const [filter, setFilter] = useState<Filter>('everyone')
  const [depth, setDepth] = useState(1)
  const list = useRef<MemberList | null>(null)
  const { data, at, error, reload } = usePoll<MemberList>('carts', async (signal) => {
    list.current = await readMembers(client, depth, list.current, Date.now(), signal)
    return list.current
  })
  const loadingMore = data !== null && error === null && data.next !== null && depth > data.pages

  function loadMore() {
    if (!data || loadingMore) return
    flushSync(() => setDepth(data.pages + 1))
    reload()
  }

  // The button disappears with the last page; its focus moves to the line with the count.
  const countLine = useRef<HTMLParagraphElement>(null)
  const complete = data !== null && data.next === null
  useEffect(() => {
    if (complete && depth > 1 && document.activeElement === document.body) countLine.current?.focus()
  }, [complete])

  const shown = data?.members.filter(FITS[filter]) ?? []
  const options = FILTERS.map((value) => ({
    value,
    label: t[value],
    note: data ? f.count(data.members.filter(FITS[value]).length) : undefined,
  }))

  return (
    <>
      <PageHead title={t.abandonedCarts} lead={t.abandonedLead}>
        {client.mayExport ? (
          <a key="csv" class="button" href={ABANDONED_CSV} download data-testid="download-csv">
            {t.downloadCsv}
          </a>
        ) : null}
        <Freshness ui={ui} at={at} failing={error !== null} />
      </PageHead>
      {data === null ? (
        error ? (
          <Trouble key="trouble" ui={ui} error={error} onRetry={reload} />
        ) : (
          <Loading key="loading" ui={ui} />
        )
      ) : data.members.length === 0 ? (
        <div key="empty" class="card empty">
          <h2>{t.emptyTitle}</h2>
          <p>{t.emptyText}</p>
        </div>
      ) : (
        <div key="list" class="members-area">
          <div class="list-tools">
            <Choice name="filter" legend={t.show} value={filter} options={options} onChoose={setFilter} />
            <p class="hint" ref={countLine} tabindex={-1} role="status" data-testid="loaded">
              {t.loaded(shown.length, data.members.length, data.next !== null, f.count)}
            </p>
          </div>
          {shown.length === 0 ? (
            <p key="nobody" class="card empty">
              {t.emptyFilter}
            </p>
          ) : (
            <MemberTable
              key="table"
              ui={ui}
              members={shown.map((member) => [memberKey(member), member])}
              nowMs={at}
              onGo={onGo}
            />
          )}
          {data.next === null ? null : (
            <p key="more" class="more">
              <button
                type="button"
                class="quiet"
                data-testid="load-more"
                aria-disabled={loadingMore ? 'true' : undefined}
                onClick={loadMore}
              >
                {loadingMore ? t.loadingMore : t.loadMore}
              </button>
              {error && depth > data.pages ? <span class="field-trouble">{troubleText(ui, error)}</span> : null}
            </p>
          )}
          <ProofNotes ui={ui} />
        </div>
      )}
    </>
  )
}
