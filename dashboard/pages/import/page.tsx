/**
 * Importing customers or orders from a file: choose or drop it, look at what would be done, confirm, read the report. The
 * file is sent unchanged; the server interprets it.
 */
import { useLayoutEffect, useState } from 'hono/jsx/dom'
import type { Client, FileOf } from '../../api.ts'
import { Choice } from '../../parts/choice.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { troubleText } from '../../parts/trouble.tsx'
import type { Ui } from '../../texts/format.ts'
import { DropZone, INPUT_ID, useStayOnDrop } from './drop-zone.tsx'
import { History } from './history.tsx'
import { CHECK_ID, Check } from './import-check.tsx'
import { CANCEL_ID, cancelledText, ImportProgress, spokenState } from './import-progress.tsx'
import { REPORT_ID, Report } from './import-report.tsx'
import { type ImportState, useImport } from './use-import.ts'

/** The import page. */
export function ImportPage({ ui, client }: { ui: Ui; client: Client }) {
  const { t } = ui
  const [of, setOf] = useState<FileOf>('contacts')
  const { state, start, cancel, remap, matchBy, confirm } = useImport(client, of)
  useStayOnDrop()

  // Zone, bar and report replace each other; the focus follows the current step.
  useLayoutEffect(() => {
    if (state.step === 'idle' || document.activeElement !== document.body) return
    const id = FOCUS[state.step] ?? INPUT_ID
    document.getElementById(id)?.focus({ preventScroll: true })
  }, [state.step])
  return (
    <>
      <PageHead title={t.imports.heading} lead={t.imports.lead} />
      <p class="unseen" role="status" aria-live="polite" data-testid="spoken">
        {spokenState(ui, state)}
      </p>
      <div class="import">
        {state.step === 'sending' ? (
          <ImportProgress key="progress" ui={ui} state={state} onCancel={cancel} />
        ) : (
          <div key="zone" class="zone">
            <Choice
              name="import-of"
              legend={t.imports.ofWhat}
              value={of}
              options={(['contacts', 'orders'] as const).map((value) => ({ value, label: t.imports.of[value] }))}
              onChoose={setOf}
            />
            <DropZone ui={ui} again={state.step === 'done'} onFiles={(files) => void start(files)} />
          </div>
        )}
        {state.step === 'sending' ? null : state.step === 'checked' ? (
          <Check
            key="check"
            {...{ ui, of: state.of, name: state.name, report: state.report }}
            onMap={(column, field) => void remap(state.map, column, field)}
            onConfirm={() => void confirm(state.map)}
            onCancel={cancel}
          />
        ) : state.step === 'done' ? (
          <Report key="report" ui={ui} of={state.of} name={state.name} report={state.report} />
        ) : state.step === 'idle' ? null : (
          <Trouble key="trouble" ui={ui} state={state} onMatch={(by) => void matchBy(by)} />
        )}
        <details key="help" class="proof-notes" open={state.step === 'idle'}>
          <summary>{t.imports.help}</summary>
          <ul class="help-list">
            {t.imports.helpText[of].map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </details>
        <History key="history" ui={ui} client={client} version={state.step === 'done' ? (state.report.id ?? '') : ''} />
      </div>
    </>
  )
}

/** Where the focus goes when a step begins and its place is gone. */
const FOCUS: Partial<Record<ImportState['step'], string>> = { sending: CANCEL_ID, checked: CHECK_ID, done: REPORT_ID }

type Ended = Exclude<ImportState, { step: 'idle' | 'sending' | 'checked' | 'done' }>

/** Why nothing was imported, or that the import was cancelled. */
function Trouble({ ui, state, onMatch }: { ui: Ui; state: Ended; onMatch: (by: 'email' | 'id') => void }) {
  const { t } = ui
  if (state.step === 'cancelled') return <p class="card notice">{cancelledText(t, state)}</p>
  if (state.step === 'unfit') {
    return (
      <p class="card notice bad" role="alert" data-testid="import-trouble">
        {t.imports[state.why]}
      </p>
    )
  }
  const { error, name } = state
  const refused = error.status >= 400 && error.status < 500
  if (error.code === 'foreign_ids') {
    return (
      <div class="card notice bad" role="alert" data-testid="foreign-ids">
        <p>
          {t.imports.questions.foreignIds} <bdi class="hint">{name}</bdi>
        </p>
        <p class="check-buttons">
          <button type="button" data-testid="match-email" onClick={() => onMatch('email')}>
            {t.imports.questions.byEmail}
          </button>
          <button type="button" class="quiet" data-testid="match-id" onClick={() => onMatch('id')}>
            {t.imports.questions.byId}
          </button>
        </p>
      </div>
    )
  }
  return (
    <div class="card notice bad" role="alert" data-testid="import-trouble">
      <p>
        <strong>{t.imports.refused}</strong> <bdi class="hint">{name}</bdi>
      </p>
      <p>{refused ? <span lang="en">{error.detail}</span> : troubleText(ui, error)}</p>
    </div>
  )
}
