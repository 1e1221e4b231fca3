/**
 * The progress of an import. The bar moves with every report of the browser; the text for screen readers changes only
 * at quarters, so that it is not read out continuously.
 */
import type { Ui } from '../../texts/format.ts'
import type { ImportState } from './use-import.ts'

/** The cancel button's id, for moving the focus to it. */
export const CANCEL_ID = 'import-cancel'

type Sending = Extract<ImportState, { step: 'sending' }>

/** The bar with its text and the cancel button. */
export function ImportProgress({ ui, state, onCancel }: { ui: Ui; state: Sending; onCancel: () => void }) {
  const { t, f } = ui
  const sent = state.share >= 1
  return (
    <div class="card progress" data-testid="progress">
      <div class="progress-words">
        <p>
          <bdi>{sent ? t.imports.reading(state.name) : t.imports.sending(state.name)}</bdi>
        </p>
        <p class="amount" aria-hidden="true">
          {sent ? '' : f.percent(Math.floor(state.share * 100) / 100)}
        </p>
      </div>
      {sent ? (
        <progress key="reading" aria-label={t.imports.progress} />
      ) : (
        <progress key="sending" aria-label={t.imports.progress} max={1} value={state.share} />
      )}
      <button id={CANCEL_ID} type="button" class="quiet" data-testid="cancel" onClick={onCancel}>
        {t.imports.cancel}
      </button>
    </div>
  )
}

/** The text for screen readers at the present state. */
export function spokenState({ t, f }: Ui, state: ImportState): string {
  switch (state.step) {
    case 'idle':
    case 'unfit':
    case 'failed':
      return ''
    case 'cancelled':
      return cancelledText(t, state)
    case 'sending': {
      if (state.share >= 1) return t.imports.reading(state.name)
      const quarter = Math.floor(state.share * 4) / 4
      return quarter === 0 ? t.imports.sending(state.name) : t.imports.percent(f.percent(quarter))
    }
    case 'checked': {
      const { created, updated, unchanged } = state.report
      return `${t.imports.check}. ${t.imports.summary(created, updated, unchanged, rejectedTotal(state.report), f.count)}`
    }
    case 'done': {
      const { created, updated, unchanged } = state.report
      return `${t.imports.done}. ${t.imports.summary(created, updated, unchanged, rejectedTotal(state.report), f.count)}`
    }
  }
}

/** What cancelling has left behind: a check writes nothing. */
export function cancelledText(t: Ui['t'], { wasChecking }: Extract<ImportState, { step: 'cancelled' }>): string {
  return wasChecking ? t.imports.discarded : t.imports.cancelled
}

/** How many rows were rejected; the report may list only the first of them. */
export function rejectedTotal(report: { rejected: unknown[]; rejected_total?: number }): number {
  return report.rejected_total ?? report.rejected.length
}
