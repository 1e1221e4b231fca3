/**
 * What a file leaves open about the permission to mail: values and headings that may mean either. Before the import each
 * question can be answered, and the file is checked again.
 */
import type { ImportReport } from '../../api.ts'
import type { Ui } from '../../texts/format.ts'

type Question = NonNullable<ImportReport['questions']>[number]

type Props = {
  ui: Ui
  questions: Question[]
  /** Called with the answer, as a field for the column; absent once the file is imported. */
  onMap?: (column: string, field: string) => void
}

/** The questions. */
export function Questions({ ui, questions, onMap }: Props) {
  const { t, f } = ui
  const texts = t.imports.questions
  return (
    <section aria-labelledby="questions-title" data-testid="questions">
      <h3 id="questions-title">{texts.title}</h3>
      {questions.map((question) => (
        <div key={question.column} class="card notice">
          <p>{texts[question.code](question.column, question.examples.join(', '), question.rows, f.count)}</p>
          {onMap === undefined ? null : (
            <p class="check-buttons">
              {answersTo(question, texts.answers).map(([field, text]) => (
                <button
                  key={field}
                  type="button"
                  class="quiet"
                  data-testid="answer"
                  onClick={() => onMap(question.column, field)}
                >
                  {text}
                </button>
              ))}
            </p>
          )}
        </div>
      ))}
    </section>
  )
}

/** The fields by which a question can be answered, with their texts. */
function answersTo(
  { code, examples }: Question,
  texts: Ui['t']['imports']['questions']['answers'],
): [string, string][] {
  const allows: [string, string] =
    code === 'unknown_values'
      ? [`mail_consent=${examples.join('|')}`, texts.valuesAllow]
      : ['mail_consent', texts.allows]
  return [allows, ['mail_refusal', texts.refuses], ['-', texts.other]]
}
