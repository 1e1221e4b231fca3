/**
 * Where a file is chosen or dropped: a file input with its label as the zone, so that keyboards and screen readers find
 * a familiar control. A file dropped beside the zone does nothing; otherwise the browser would open it and leave the
 * page.
 */
import { useLayoutEffect, useRef, useState } from 'hono/jsx/dom'
import type { Ui } from '../../texts/format.ts'

type Props = { ui: Ui; again: boolean; onFiles: (files: File[]) => void }

/** The file input's id, for moving the focus to it. */
export const INPUT_ID = 'import-file'

/** Keeps the page open when a file is dropped beside the zone, or while there is no zone. */
export function useStayOnDrop(): void {
  useLayoutEffect(() => {
    const stay = (event: DragEvent) => {
      if (!event.dataTransfer || !holdsFiles(event)) return
      event.preventDefault()
      if (!(event.target instanceof Element && event.target.closest('.drop'))) event.dataTransfer.dropEffect = 'none'
    }
    addEventListener('dragover', stay)
    addEventListener('drop', stay)
    return () => {
      removeEventListener('dragover', stay)
      removeEventListener('drop', stay)
    }
  }, [])
}

const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true

/** The zone. `again`: something was imported before. */
export function DropZone({ ui: { t }, again, onFiles }: Props) {
  const [over, setOver] = useState(false)
  const input = useRef<HTMLInputElement>(null)

  return (
    <fieldset
      class={over ? 'drop over' : 'drop'}
      data-testid="drop-zone"
      onDragEnter={(event: DragEvent) => setOver(holdsFiles(event))}
      onDragOver={(event: DragEvent) => {
        if (!holdsFiles(event)) return
        event.preventDefault()
        if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy'
      }}
      onDragLeave={(event: DragEvent) => {
        // Moving over an element inside the zone does not leave it.
        const { currentTarget: zone, relatedTarget: to } = event
        if (!(zone instanceof Node && to instanceof Node && zone.contains(to))) setOver(false)
      }}
      onDrop={(event: DragEvent) => {
        if (!holdsFiles(event)) return
        event.preventDefault()
        setOver(false)
        onFiles([...(event.dataTransfer?.files ?? [])])
      }}
    >
      <legend class="unseen">{t.imports.heading}</legend>
      <input
        id={INPUT_ID}
        ref={input}
        class="unseen"
        type="file"
        accept=".csv,.tsv,.txt,.xlsx,.ndjson,.jsonl,.json,text/csv,application/json"
        data-testid="file"
        aria-describedby="import-kinds"
        onKeyDown={(event: KeyboardEvent) => {
          // Space opens the file dialog in every browser; Enter, as expected of a button, only in some.
          if (event.key !== 'Enter') return
          event.preventDefault()
          input.current?.click()
        }}
        onChange={() => {
          const files = [...(input.current?.files ?? [])]
          // Cleared, so that the same file can be chosen again after it was corrected.
          if (input.current) input.current.value = ''
          onFiles(files)
        }}
      />
      <label for={INPUT_ID}>
        <svg class="drop-sign" viewBox="0 0 48 48" width="48" height="48" aria-hidden="true" focusable="false">
          <path class="sheet" d="M13 5h15l9 9v29H13z" />
          <path class="arrow" d="M25 36V21m-6 6 6-6 6 6" />
        </svg>
        {over ? (
          <span key="over" class="drop-words">
            {t.imports.dropNow}
          </span>
        ) : (
          <span key="words" class="drop-words">
            <span class="drop-button">{again ? t.imports.another : t.imports.choose}</span>
            <span class="drop-or"> {t.imports.orDrop}</span>
          </span>
        )}
      </label>
      <p id="import-kinds" class="hint">
        {t.imports.kinds}
      </p>
    </fieldset>
  )
}
