/** What is shown where nothing could be loaded, and while nothing has been loaded yet. */
import type { ApiError } from '../api.ts'
import type { Ui } from '../texts/format.ts'

/** The sentence for an error: the server's own, or that it cannot be reached. */
export function troubleText({ t }: Ui, error: ApiError): string {
  return error.status === 0 ? t.unreachable : t.failed(error.detail)
}

/** A first load that failed: what happened, and a way to try again. */
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

/** The first load is under way. It fades in late, so that a quick answer shows none of it. */
export function Loading({ ui }: { ui: Ui }) {
  return (
    <p class="loading" role="status">
      {ui.t.loading}
    </p>
  )
}
