/** The imported files, newest first. Undoing one asks first, and says what it did. */
import { useState } from 'hono/jsx/dom'
import { ApiError, type Client, type Import, type Undone } from '../../api.ts'
import { usePoll } from '../../hooks/poll.ts'
import { troubleText } from '../../parts/trouble.tsx'
import type { Ui } from '../../texts/format.ts'

const REFRESH_MS = 15_000

/** The list; nothing as long as no file was imported. `version` changes when there may be a new one. */
export function History({ ui, client, version }: { ui: Ui; client: Client; version: string }) {
  const { t } = ui
  const { data, reload } = usePoll<Import[]>(`imports ${version}`, (signal) => client.imports(signal), REFRESH_MS)
  if (data === null || data.length === 0) return null
  return (
    <section class="report" aria-labelledby="history-title">
      <h2 id="history-title">{t.imports.history}</h2>
      <ul class="history" data-testid="history">
        {data.map((each) => (
          <Entry key={each.id} ui={ui} client={client} entry={each} onUndone={reload} />
        ))}
      </ul>
    </section>
  )
}

type EntryProps = { ui: Ui; client: Client; entry: Import; onUndone: () => void }

function Entry({ ui, client, entry, onUndone }: EntryProps) {
  const { t, f } = ui
  const [asking, setAsking] = useState(false)
  const [busy, setBusy] = useState(false)
  const [undone, setUndone] = useState<Undone | null>(entry.undone)
  const [error, setError] = useState<ApiError | null>(null)

  async function undo() {
    if (busy) return
    setBusy(true)
    setError(null)
    try {
      setUndone(await client.undoImport(entry.id))
      setAsking(false)
      onUndone()
    } catch (failure) {
      setError(failure instanceof ApiError ? failure : new ApiError(0, ''))
    } finally {
      setBusy(false)
    }
  }

  const canUndo = undone === null && entry.state !== 'running' && entry.created + entry.updated > 0
  return (
    <li class="card history-entry">
      <p>
        <strong>
          <bdi>{entry.file ?? t.imports.of[entry.kind]}</bdi>
        </strong>{' '}
        <span class="hint">
          {t.imports.of[entry.kind]} · {f.dayAndTime(entry.at)} · <bdi>{entry.actor}</bdi>
          {entry.state === 'complete' ? '' : ` · ${t.imports.state[entry.state]}`}
        </span>
      </p>
      <p>{t.imports.summary(entry.created, entry.updated, entry.unchanged, entry.rejected_total, f.count)}</p>
      {asking ? (
        <div key="ask">
          <p>{t.imports.undoAsk}</p>
          <p class="check-buttons">
            <button type="button" data-testid="undo-yes" onClick={undo}>
              {t.imports.undo}
            </button>
            <button type="button" class="quiet" onClick={() => setAsking(false)}>
              {t.imports.undoNot}
            </button>
          </p>
        </div>
      ) : canUndo ? (
        <p key="undo">
          <button type="button" class="plain" data-testid="undo" onClick={() => setAsking(true)}>
            {t.imports.undoEllipsis}
          </button>
        </p>
      ) : null}
      <p class="hint" role="status">
        {undone === null ? '' : t.imports.undone(undone.restored, undone.removed, undone.kept, f.count)}
      </p>
      {error === null ? null : (
        <p key="error" class="field-trouble" role="alert">
          {troubleText(ui, error)}
        </p>
      )}
    </li>
  )
}
