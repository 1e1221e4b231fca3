/**
 * What a customer did, oldest first: days contain visits, and visits contain events. Beside each visit runs the seam
 * that links it to the customer, and above it stands the link that attributes it; an event that another link attributes
 * says so itself.
 */
import { useMemo } from 'hono/jsx/dom'
import type { ContactLink, TimelineEvent, Visitor } from '../../api.ts'
import { deviceName } from '../../parts/device-name.ts'
import { linkAnchor } from '../../parts/link-card.tsx'
import { StrengthMark } from '../../parts/mark.tsx'
import type { Ui } from '../../texts/format.ts'
import { wordFor } from '../../texts/words.ts'
import { EventLine } from './event-line.tsx'
import { daysOf, type Visit } from './visits.ts'

type Props = { ui: Ui; events: TimelineEvent[]; visitors: Visitor[]; links: ContactLink[] }

/** The days with their visits. */
export function Timeline({ ui, events, visitors, links }: Props) {
  const { t, f } = ui
  const days = useMemo(() => daysOf(events), [events])
  if (events.length === 0) {
    return (
      <div class="card quiet-empty">
        <p>{t.contact.timelineEmpty}</p>
        <p class="hint">{t.contact.timelineEmptyHint}</p>
      </div>
    )
  }
  return (
    <ol class="days" data-testid="timeline">
      {days.map((day) => (
        <li key={day.key} class="day">
          <h3>
            <time datetime={day.at}>{f.localWeekday(day.at)}</time>
          </h3>
          {day.visits.map((visit) => (
            <VisitCard
              key={visit.key}
              ui={ui}
              visit={visit}
              visitor={visitors.find(({ id }) => id === visit.visitor)}
              links={links}
            />
          ))}
        </li>
      ))}
    </ol>
  )
}

type VisitProps = { ui: Ui; visit: Visit; visitor: Visitor | undefined; links: ContactLink[] }

function VisitCard({ ui, visit, visitor, links }: VisitProps) {
  const { t, f } = ui
  const { events } = visit
  const [first, last] = [events.at(0), events.at(-1)]
  if (first === undefined || last === undefined) return null
  const sameDay = new Date(first.at).toDateString() === new Date(last.at).toDateString()
  const mixed = events.some((event) => event.link?.id !== first.link?.id || event.grade !== first.grade)
  return (
    <section class={`card visit sewn-${first.link?.strength ?? 'none'}`} data-testid="visit">
      <header>
        <h4>{t.contact.visit(f.clock(first.at), sameDay ? f.clock(last.at) : f.dayAndTime(last.at))}</h4>
        <p class="hint">{deviceName(ui, visitor)}</p>
        {mixed ? null : <ByLink ui={ui} event={first} links={links} />}
      </header>
      <ol class="events">
        {events.map((event) => (
          <EventLine key={event.id} ui={ui} event={event}>
            {mixed ? <ByLink ui={ui} event={event} links={links} /> : null}
          </EventLine>
        ))}
      </ol>
    </section>
  )
}

/** The strength of the link that attributes an event to the customer, its grade, and a link to the reason. */
function ByLink({ ui: { t }, event, links }: { ui: Ui; event: TimelineEvent; links: ContactLink[] }) {
  if (event.link === null) return null
  const { id, strength } = event.link
  const grade = event.grade === null ? null : wordFor(t.grade, event.grade)
  const link = links.find((each) => each.id === id)
  const evidence = link ? (wordFor(t.proof, link.evidence)?.label ?? link.evidence) : null
  return (
    <p class="by-link" data-testid="by-link">
      <span class="unseen">{t.contact.byLink} </span>
      <StrengthMark strength={strength} /> {wordFor(t.links.strength, strength) ?? strength}
      {evidence === null ? null : (
        <>
          {' · '}
          <a href={`#${linkAnchor(id)}`}>{evidence}</a>
        </>
      )}
      {grade ? ` · ${grade}` : null}
    </p>
  )
}
