/**
 * The check before an import: what would become of the rows, which column is which field, and the first rows as they are
 * understood. Nothing is written until it is confirmed.
 */
import type { FileOf, ImportReport } from '../../api.ts'
import type { Ui } from '../../texts/format.ts'
import { ColumnTable, fieldText } from './columns.tsx'
import { rejectedTotal } from './import-progress.tsx'
import { Questions } from './questions.tsx'
import { Counts, FileLine, Rejected } from './report-parts.tsx'

type Props = {
  ui: Ui
  of: FileOf
  name: string
  report: ImportReport
  onMap: (column: string, field: string) => void
  onConfirm: () => void
  onCancel: () => void
}

/** The id of the heading, for moving the focus to it. */
export const CHECK_ID = 'check-title'

/** The check. */
export function Check({ ui, of, name, report, onMap, onConfirm, onCancel }: Props) {
  const { t, f } = ui
  const rows = report.created + report.updated + report.unchanged
  return (
    <section class="report" aria-labelledby={CHECK_ID} data-testid="check">
      <h2 id={CHECK_ID} tabindex={-1}>
        {t.imports.check}
      </h2>
      <FileLine ui={ui} name={name} report={report} />
      <p class="hint">{t.imports.checkLead}</p>
      <Counts ui={ui} report={report} />
      <p class="check-buttons">
        {rows === 0 ? null : (
          <button key="confirm" type="button" data-testid="confirm-import" onClick={onConfirm}>
            {t.imports.confirm(rows, f.count)}
          </button>
        )}
        <button key="cancel" type="button" class="quiet" data-testid="discard-import" onClick={onCancel}>
          {t.imports.discard}
        </button>
      </p>
      {report.questions && report.questions.length > 0 ? (
        <Questions key="questions" ui={ui} questions={report.questions} onMap={onMap} />
      ) : null}
      {report.columns && report.columns.length > 0 ? (
        <ColumnTable key="columns" ui={ui} of={of} columns={report.columns} onMap={onMap} />
      ) : null}
      {report.preview && report.preview.length > 0 ? <FirstRows key="preview" ui={ui} rows={report.preview} /> : null}
      {rejectedTotal(report) > 0 ? (
        <Rejected key="rejected" ui={ui} report={report} lead={t.imports.wouldRejectLead} />
      ) : null}
    </section>
  )
}

type PreviewRow = NonNullable<ImportReport['preview']>[number]

function FirstRows({ ui, rows }: { ui: Ui; rows: PreviewRow[] }) {
  const { t, f } = ui
  const read = rows.map((row) => ({ row: row.row, values: 'item' in row ? valuesOf(row.item) : null }))
  const fields = [...new Set(read.flatMap(({ values }) => (values === null ? [] : [...values.keys()])))]
  return (
    <section aria-labelledby="preview-title">
      <h3 id="preview-title">{t.imports.preview(rows.length, f.count)}</h3>
      <section class="card scroll-box" aria-labelledby="preview-title" tabindex={0} data-testid="preview">
        <table class="sheet-table">
          <thead>
            <tr>
              <th scope="col" class="number">
                {t.imports.row}
              </th>
              {fields.map((field) => (
                <th key={field} scope="col">
                  {fieldText(ui, field)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {read.map(({ row, values }) => (
              <tr key={row}>
                <th scope="row" class="number">
                  {f.count(row)}
                </th>
                {values === null ? (
                  <td colspan={fields.length}>{t.imports.rejected}</td>
                ) : (
                  fields.map((field) => (
                    <td key={field}>
                      <bdi>{values.get(field) ?? ''}</bdi>
                    </td>
                  ))
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  )
}

/** The values of a row by field, attributes among them. */
function valuesOf(item: unknown): Map<string, string> {
  const values = new Map<string, string>()
  if (typeof item !== 'object' || item === null) return values
  for (const [field, value] of Object.entries(item)) {
    if (field !== 'attributes' || typeof value !== 'object' || value === null) values.set(field, textOf(value))
    else for (const [name, each] of Object.entries(value)) values.set(`attributes.${name}`, textOf(each))
  }
  return values
}

function textOf(value: unknown): string {
  return value === null || value === undefined ? '—' : typeof value === 'object' ? JSON.stringify(value) : String(value)
}
