/** The outcome of an import: the counts, how the columns were recognised, and each rejected row with its reason. */
import { useLayoutEffect, useMemo, useState } from 'hono/jsx/dom'
import type { ImportReport } from '../../api.ts'
import type { Ui } from '../../texts/format.ts'
import { wordFor } from '../../texts/words.ts'
import { rejectedTotal } from './import-progress.tsx'
import { rejectedCsv } from './rejected-csv.ts'

const ROWS_AT_ONCE = 100

type Props = { ui: Ui; name: string; report: ImportReport }

/** The id of the report's heading, for moving the focus to it. */
export const REPORT_ID = 'report-title'

/** The report. */
export function Report({ ui, name, report }: Props) {
  const { t, f } = ui
  const rejected = rejectedTotal(report)
  const kept = report.created + report.updated + report.unchanged
  const tiles = [
    ['created', t.imports.created, report.created],
    ['updated', t.imports.updated, report.updated],
    ['unchanged', t.imports.unchanged, report.unchanged],
    ['rejected', t.imports.rejected, rejected],
  ] as const
  return (
    <section class="report" aria-labelledby={REPORT_ID} data-testid="report">
      <h2 id={REPORT_ID} tabindex={-1}>
        {kept === 0 ? t.imports.doneNothing : t.imports.done}
      </h2>
      <p class="hint file-line">
        <bdi>{name}</bdi>
        <Dialect ui={ui} dialect={report.dialect} />
      </p>
      <dl class="counts">
        {tiles.map(([key, label, count]) => (
          <div key={key} class={key === 'rejected' && count > 0 ? 'card count bad' : 'card count'}>
            <dt>
              {label}
              {key === 'rejected' && count > 0 ? <span class="hint"> {t.imports.rejectedHint}</span> : null}
            </dt>
            <dd class="figure" data-testid={`count-${key}`}>
              {f.count(count)}
            </dd>
          </div>
        ))}
      </dl>
      {rejected > 0 ? <Rejected key="rejected" ui={ui} report={report} total={rejected} /> : null}
      {report.columns && report.columns.length > 0 ? <Columns key="columns" ui={ui} columns={report.columns} /> : null}
    </section>
  )
}

/** How the file was read: its format, encoding and delimiter. */
function Dialect({ ui: { t }, dialect }: { ui: Ui; dialect: ImportReport['dialect'] }) {
  if (!dialect) return null
  const delimiter = dialect.delimiter ? (wordFor(t.imports.delimiter, dialect.delimiter) ?? dialect.delimiter) : null
  const words = [dialect.format?.toUpperCase(), dialect.encoding?.replace(/^utf/, 'UTF'), delimiter].filter(Boolean)
  if (words.length === 0) return null
  return (
    <span data-testid="dialect">
      {' · '}
      {t.imports.readAs} {words.join(', ')}
    </span>
  )
}

function Columns({ ui: { t }, columns }: { ui: Ui; columns: NonNullable<ImportReport['columns']> }) {
  return (
    <section aria-labelledby="columns-title">
      <h3 id="columns-title">{t.imports.columns}</h3>
      <div class="card" data-testid="columns">
        <table class="sheet-table columns-table">
          <thead>
            <tr>
              <th scope="col">{t.imports.column}</th>
              <th scope="col">{t.imports.understood}</th>
              <th scope="col">{t.imports.type}</th>
              <th scope="col">{t.imports.note}</th>
            </tr>
          </thead>
          <tbody>
            {columns.map(({ column, field, type, note }, index) => (
              <tr key={index} class={field === null ? 'left-out' : undefined}>
                <th scope="row">
                  <bdi>{column}</bdi>
                </th>
                <td class="field">{field === null ? t.imports.dropped : fieldText(t, field)}</td>
                <td class="kind">{wordFor(t.imports.types, type) ?? type}</td>
                <td class="note-cell" lang="en">
                  {note ?? ''}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

/** The name of a contact's field, or the CRM's name of an attribute. */
function fieldText(t: Ui['t'], field: string): string {
  return wordFor(t.imports.field, field) ?? t.imports.attribute(field.replace(/^attributes\./, ''))
}

function Rejected({ ui, report, total }: { ui: Ui; report: ImportReport; total: number }) {
  const { t, f } = ui
  const [shown, setShown] = useState(ROWS_AT_ONCE)
  const rows = report.rejected.slice(0, shown)
  const address = useMemo(() => {
    const text = rejectedCsv(report.rejected, [t.imports.row, t.imports.code, t.imports.reason])
    return URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }))
  }, [report, t])
  useLayoutEffect(() => () => URL.revokeObjectURL(address), [address])
  return (
    <section aria-labelledby="rejected-title">
      <div class="rejected-head">
        <div>
          <h3 id="rejected-title">{t.imports.rejectedTitle}</h3>
          <p class="hint">{t.imports.rejectedLead}</p>
        </div>
        <a class="button" href={address} download={t.imports.downloadName} data-testid="download-rejected">
          {t.imports.download}
        </a>
      </div>
      <section class="card scroll-box" aria-labelledby="rejected-title" tabindex={0} data-testid="rejected">
        <table class="sheet-table">
          <thead>
            <tr>
              <th scope="col" class="number">
                {t.imports.row}
              </th>
              <th scope="col">{t.imports.reason}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ row, code, message }, index) => (
              <tr key={index}>
                <th scope="row" class="number">
                  {f.count(row)}
                </th>
                <td>
                  <bdi lang="en">{message}</bdi> <code class="code">{code}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {shown < report.rejected.length ? (
          <p class="more">
            <button type="button" class="quiet" onClick={() => setShown(shown + ROWS_AT_ONCE)}>
              {t.imports.more}
            </button>
          </p>
        ) : null}
      </section>
      {total > report.rejected.length ? (
        <p class="hint listed">{t.imports.rejectedShown(report.rejected.length, total, f.count)}</p>
      ) : null}
    </section>
  )
}
