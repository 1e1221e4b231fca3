/**
 * Visitors and known customers by day, as bars. Widths are percentages and heights pixels, so that the text in the
 * chart keeps its size on a phone. Screen readers get a sentence for the picture and the table below for the figures;
 * days without visitors keep their place.
 */
import { useState } from 'hono/jsx/dom'
import type { Overview } from '../../api.ts'
import type { Format, Ui } from '../../texts/format.ts'

const PLOT_PX = 168
const LABELS_PX = 26
const LABELS_AT_MOST = 4
/** Up to this many bars, each is wide enough for a centred label, even at the edges. */
const WIDE_BARS = 10
const DAY_MS = 86_400_000

type Bar = { date: string; visitors: number; known: number }

/** The bars of the period, one per day, in order. */
function barsOf({ from, to, days }: Overview): Bar[] {
  const byDate = new Map(days.map((day) => [day.date, day]))
  const bars: Bar[] = []
  for (let ms = Date.parse(from); ms <= Date.parse(to); ms += DAY_MS) {
    const date = new Date(ms).toISOString().slice(0, 10)
    const day = byDate.get(date)
    bars.push({ date, visitors: day?.visitors ?? 0, known: day?.matched.count ?? 0 })
  }
  return bars
}

/**
 * The smallest round number (4, 10, 20, 40, 100, …) that is not below the highest bar; half of it is a whole number.
 */
function ceilingOf(highest: number): number {
  for (let power = 1; ; power *= 10) {
    for (const step of [4, 6, 10, 20]) if (highest <= step * power) return step * power
  }
}

/** The chart with its legend and its table. */
export function DayChart({ ui: { t, f }, overview }: { ui: Ui; overview: Overview }) {
  const [pointed, setPointed] = useState<number | null>(null)
  const bars = barsOf(overview)
  const ceiling = ceilingOf(Math.max(...bars.map((bar) => bar.visitors)))
  const best = bars.reduce((most, bar) => (bar.visitors > most.visitors ? bar : most))
  const slot = 100 / bars.length
  const every = Math.ceil(bars.length / LABELS_AT_MOST)
  const reading = pointed === null ? undefined : bars[pointed]
  const height = (count: number) => (count / ceiling) * PLOT_PX
  const { visitors, matched } = overview.total
  const summary = t.chartSummary(visitors, matched.count, f.weekday(best.date), best.visitors, f.count)

  function point(event: PointerEvent) {
    if (!(event.currentTarget instanceof Element)) return
    const { left, width } = event.currentTarget.getBoundingClientRect()
    const index = Math.floor(((event.clientX - left) / width) * bars.length)
    setPointed(Math.min(bars.length - 1, Math.max(0, index)))
  }

  return (
    <section class="card chart" aria-labelledby="chart-title">
      <div class="chart-head">
        <h2 id="chart-title">{t.byDay}</h2>
        <p class="legend">
          {reading ? (
            <span key="reading">
              {t.chartReadout(f.weekday(reading.date), reading.visitors, reading.known, f.count)}
            </span>
          ) : (
            <span key="keys">
              <Swatch kind="visitors" /> {t.visitors} <Swatch kind="known" /> {t.known}
            </span>
          )}
        </p>
      </div>
      <div class="plot">
        <p class="axis" aria-hidden="true">
          <span>{f.count(ceiling)}</span>
          <span>{f.count(ceiling / 2)}</span>
          <span>{f.count(0)}</span>
        </p>
        <svg
          class="bars"
          width="100%"
          height={PLOT_PX + LABELS_PX}
          role="img"
          aria-label={summary}
          onPointerMove={point}
          onPointerLeave={() => setPointed(null)}
        >
          {[0.5, PLOT_PX / 2, PLOT_PX - 0.5].map((y) => (
            <line key={`line-${y}`} class="rule" x1="0" x2="100%" y1={y} y2={y} />
          ))}
          {bars.map((bar, index) => (
            <g key={bar.date} class={index === pointed ? 'day pointed' : 'day'}>
              <rect class="band" x={`${index * slot}%`} width={`${slot}%`} y="0" height={PLOT_PX} />
              <Column kind="visitors" at={(index + 0.16) * slot} wide={slot * 0.68} tall={height(bar.visitors)} />
              <Column kind="known" at={(index + 0.16) * slot} wide={slot * 0.68} tall={height(bar.known)} />
              {(bars.length - 1 - index) % every === 0 ? (
                <DayLabel key="label" index={index} bars={bars} f={f} />
              ) : null}
            </g>
          ))}
        </svg>
      </div>
      <details>
        <summary>{t.chartTable}</summary>
        <table class="plain-table">
          <caption class="unseen">{t.chartTableCaption}</caption>
          <thead>
            <tr>
              <th scope="col">{t.date}</th>
              <th scope="col">{t.visitors}</th>
              <th scope="col">{t.known}</th>
            </tr>
          </thead>
          <tbody>
            {bars.map((bar) => (
              <tr key={bar.date}>
                <th scope="row">{f.weekday(bar.date)}</th>
                <td>{f.count(bar.visitors)}</td>
                <td>{f.count(bar.known)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </section>
  )
}

function Column({ kind, at, wide, tall }: { kind: 'visitors' | 'known'; at: number; wide: number; tall: number }) {
  return <rect class={kind} x={`${at}%`} width={`${wide}%`} y={PLOT_PX - tall} height={tall} />
}

/** The date below a bar. The last bar always has a label; if bars are narrow, it is aligned with the chart's end. */
function DayLabel({ index, bars, f }: { index: number; bars: Bar[]; f: Format }) {
  const bar = bars[index]
  const atEdge = index === bars.length - 1 && bars.length > WIDE_BARS
  return (
    <text
      x={atEdge ? '100%' : `${((index + 0.5) * 100) / bars.length}%`}
      y={PLOT_PX + 19}
      text-anchor={atEdge ? 'end' : 'middle'}
    >
      {bar === undefined ? null : f.dayShort(bar.date)}
    </text>
  )
}

function Swatch({ kind }: { kind: 'visitors' | 'known' }) {
  return (
    <svg class="swatch" width="10" height="10" aria-hidden="true" focusable="false">
      <rect class={kind} width="10" height="10" rx="2" />
    </svg>
  )
}
