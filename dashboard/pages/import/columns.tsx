/** How the columns of a file were recognised. Before the import each can be given another field, or be skipped. */

import { IMPORT_FIELDS } from '../../../server/domain/import-fields.ts'
import type { FileOf, ImportReport } from '../../api.ts'
import type { Ui } from '../../texts/format.ts'
import { wordFor } from '../../texts/words.ts'

type Columns = NonNullable<ImportReport['columns']>

type Props = {
  ui: Ui
  of: FileOf
  columns: Columns
  /** Called with another field for a column, `-` to skip it; absent once the file is imported. */
  onMap?: (column: string, field: string) => void
}

/** The table of columns. */
export function ColumnTable({ ui, of, columns, onMap }: Props) {
  const { t } = ui
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
            {columns.map(({ column, field, type, note, permission }, index) => (
              <tr key={index} class={field === null ? 'left-out' : undefined}>
                <th scope="row">
                  <bdi>{column}</bdi>
                </th>
                <td class="field">
                  {onMap === undefined ? (
                    fieldText(ui, field)
                  ) : (
                    <FieldChoice ui={ui} of={of} column={column} field={field} onMap={onMap} />
                  )}
                </td>
                <td class="kind">{wordFor(t.imports.types, type) ?? type}</td>
                {permission === undefined ? (
                  <td class="note-cell" lang="en">
                    {note ?? ''}
                  </td>
                ) : (
                  <td class="note-cell">{t.imports.permission[permission]}</td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

type ChoiceProps = Required<Pick<Props, 'ui' | 'of' | 'onMap'>> & { column: string; field: string | null }

function FieldChoice({ ui, of, column, field, onMap }: ChoiceProps) {
  const own = of === 'contacts' ? [`attributes.${column}`] : []
  const choices = [...new Set(['-', ...IMPORT_FIELDS[of], ...own, field ?? '-'])]
  return (
    <select
      aria-label={ui.t.imports.fieldOf(column)}
      data-testid="field"
      onChange={(event: Event) => {
        if (event.target instanceof HTMLSelectElement) onMap(column, event.target.value)
      }}
    >
      {choices.map((choice) => (
        <option key={choice} value={choice} selected={choice === (field ?? '-')}>
          {fieldText(ui, choice === '-' ? null : choice)}
        </option>
      ))}
    </select>
  )
}

/** The name of a field, or the CRM's name of an attribute. */
export function fieldText({ t }: Ui, field: string | null): string {
  if (field === null) return t.imports.dropped
  return wordFor(t.imports.field, field) ?? t.imports.attribute(field.replace(/^attributes\./, ''))
}
