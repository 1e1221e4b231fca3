/** What is shown if nothing could be loaded, and until something has been loaded. */
import type { ApiError } from '../api.ts'
import type { Ui } from '../texts/format.ts'

/** The sentence for an error: the server's own, or that the server is unreachable. */
export function troubleText({ t }: Ui, error: ApiError): string {
  return error.status === 0 ? t.unreachable : t.failed(error.detail)
}

/** A failed first load: what happened, and a retry button. */
export function Trouble({ ui, error, onRetry }: { ui: Ui; error: ApiError; onRetry: () => void }) {
  return (
    <div class="card trouble" role="alert">
      <p>{troubleText(ui, error)}</p>
      <button type="button" class="quiet" onClick={onRetry}>
        {ui.t.retry}
      </button>
    </div>
  )
}

/** The first load in progress. It fades in late, so that quick answers never show it. */
export function Loading({ ui }: { ui: Ui }) {
  return (
    <p class="loading" role="status">
      {ui.t.loading}
    </p>
  )
}
