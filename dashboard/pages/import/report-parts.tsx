/** The parts that the check before an import and its report share: counts, how the file was read, and the rejected rows. */
import { useLayoutEffect, useMemo, useState } from 'hono/jsx/dom'
import type { ImportReport } from '../../api.ts'
import type { Ui } from '../../texts/format.ts'
import { wordFor } from '../../texts/words.ts'
import { rejectedTotal } from './import-progress.tsx'
import { rejectedCsv } from './rejected-csv.ts'

const ROWS_AT_ONCE = 100

/** The counts by outcome. */
export function Counts({ ui: { t, f }, report }: { ui: Ui; report: ImportReport }) {
  const rejected = rejectedTotal(report)
  const tiles = [
    ['created', t.imports.created, report.created],
    ['updated', t.imports.updated, report.updated],
    ['unchanged', t.imports.unchanged, report.unchanged],
    ['rejected', t.imports.rejected, rejected],
  ] as const
  return (
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
  )
}

/** The name of the file and how it was read: its format, encoding and delimiter. */
export function FileLine({ ui, name, report }: { ui: Ui; name: string; report: ImportReport }) {
  return (
    <p class="hint file-line">
      <bdi>{name}</bdi>
      <Dialect ui={ui} dialect={report.dialect} />
    </p>
  )
}

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

/** The rejected rows with their reasons, and as a file. */
export function Rejected({ ui, report, lead }: { ui: Ui; report: ImportReport; lead: string }) {
  const { t, f } = ui
  const total = rejectedTotal(report)
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
          <p class="hint">{lead}</p>
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
