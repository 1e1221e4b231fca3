/** The outcome of an import: the counts, how the columns were recognised, and each rejected row with its reason. */
import type { FileOf, ImportReport } from '../../api.ts'
import type { Ui } from '../../texts/format.ts'
import { ColumnTable } from './columns.tsx'
import { rejectedTotal } from './import-progress.tsx'
import { Questions } from './questions.tsx'
import { Counts, FileLine, Rejected } from './report-parts.tsx'

type Props = { ui: Ui; of: FileOf; name: string; report: ImportReport }

/** The id of the report's heading, for moving the focus to it. */
export const REPORT_ID = 'report-title'

/** The report. */
export function Report({ ui, of, name, report }: Props) {
  const { t } = ui
  const kept = report.created + report.updated + report.unchanged
  return (
    <section class="report" aria-labelledby={REPORT_ID} data-testid="report">
      <h2 id={REPORT_ID} tabindex={-1}>
        {kept === 0 ? t.imports.doneNothing : t.imports.done}
      </h2>
      <FileLine ui={ui} name={name} report={report} />
      <Counts ui={ui} report={report} />
      {rejectedTotal(report) > 0 ? (
        <Rejected key="rejected" ui={ui} report={report} lead={t.imports.rejectedLead} />
      ) : null}
      {report.questions && report.questions.length > 0 ? (
        <Questions key="questions" ui={ui} questions={report.questions} />
      ) : null}
      {report.columns && report.columns.length > 0 ? (
        <ColumnTable key="columns" ui={ui} of={of} columns={report.columns} />
      ) : null}
    </section>
  )
}
