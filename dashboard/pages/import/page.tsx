/**
 * Importing customers from a file: choose or drop it, watch the progress, read the report. The file is sent unchanged;
 * the server interprets it.
 */
import { useLayoutEffect } from 'hono/jsx/dom'
import type { Client } from '../../api.ts'
import { PageHead } from '../../parts/page-head.tsx'
import { troubleText } from '../../parts/trouble.tsx'
import type { Ui } from '../../texts/format.ts'
import { DropZone, INPUT_ID, useStayOnDrop } from './drop-zone.tsx'
import { CANCEL_ID, ImportProgress, spokenState } from './import-progress.tsx'
import { REPORT_ID, Report } from './import-report.tsx'
import { type ImportState, useImport } from './use-import.ts'

/** The import page. */
export function ImportPage({ ui, client }: { ui: Ui; client: Client }) {
  const { t } = ui
  const { state, start, cancel } = useImport(client)
  useStayOnDrop()

  // Zone, bar and report replace each other; the focus follows the current step.
  useLayoutEffect(() => {
    if (state.step === 'idle' || document.activeElement !== document.body) return
    const id = state.step === 'sending' ? CANCEL_ID : state.step === 'done' ? REPORT_ID : INPUT_ID
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
          <DropZone key="zone" ui={ui} again={state.step === 'done'} onFiles={(files) => void start(files)} />
        )}
        {state.step === 'sending' ? null : state.step === 'done' ? (
          <Report key="report" ui={ui} name={state.name} report={state.report} />
        ) : state.step === 'idle' ? null : (
          <Trouble key="trouble" ui={ui} state={state} />
        )}
        <details key="help" class="proof-notes" open={state.step === 'idle'}>
          <summary>{t.imports.help}</summary>
          <ul class="help-list">
            {t.imports.helpText.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </details>
      </div>
    </>
  )
}

type Ended = Exclude<ImportState, { step: 'idle' | 'sending' | 'done' }>

/** Why nothing was imported, or that the import was cancelled. */
function Trouble({ ui, state }: { ui: Ui; state: Ended }) {
  const { t } = ui
  if (state.step === 'cancelled') return <p class="card notice">{t.imports.cancelled}</p>
  if (state.step === 'unfit') {
    return (
      <p class="card notice bad" role="alert" data-testid="import-trouble">
        {t.imports[state.why]}
      </p>
    )
  }
  const { error, name } = state
  const refused = error.status >= 400 && error.status < 500
  return (
    <div class="card notice bad" role="alert" data-testid="import-trouble">
      <p>
        <strong>{t.imports.refused}</strong> <bdi class="hint">{name}</bdi>
      </p>
      <p>{refused ? <span lang="en">{error.detail}</span> : troubleText(ui, error)}</p>
    </div>
  )
}
