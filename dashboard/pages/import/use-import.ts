/**
 * One import, from the choice of a file to its report. Only one runs at a time; leaving the page cancels it, and
 * closing the window while it runs asks first.
 */
import { useLayoutEffect, useRef, useState } from 'hono/jsx/dom'
import { ApiError, type Client, type ImportReport } from '../../api.ts'
import { kindOf } from './file-kind.ts'

/** The state of the import. `share` is how much has been sent, from 0 to 1; at 1 the server is processing it. */
export type ImportState =
  | { step: 'idle' }
  | { step: 'sending'; name: string; share: number }
  | { step: 'cancelled' }
  | { step: 'unfit'; why: 'several' | 'empty' | 'spreadsheet' }
  | { step: 'failed'; name: string; error: ApiError }
  | { step: 'done'; name: string; report: ImportReport }

/** The state and the actions. `start` takes the files that were chosen or dropped. */
export function useImport(client: Client) {
  const [state, setState] = useState<ImportState>({ step: 'idle' })
  const running = useRef<AbortController | null>(null)

  useLayoutEffect(() => {
    const ask = (event: BeforeUnloadEvent) => {
      if (running.current) event.preventDefault()
    }
    addEventListener('beforeunload', ask)
    return () => {
      removeEventListener('beforeunload', ask)
      running.current?.abort()
    }
  }, [])

  async function start(files: File[]) {
    const [file] = files
    if (running.current || !file) return
    if (files.length > 1) return setState({ step: 'unfit', why: 'several' })
    const mine = new AbortController()
    running.current = mine
    const { name } = file
    try {
      const kind = await kindOf(file)
      if ('trouble' in kind) return setState({ step: 'unfit', why: kind.trouble })
      setState({ step: 'sending', name, share: 0 })
      const onProgress = (share: number) => mine.signal.aborted || setState({ step: 'sending', name, share })
      const report = await client.importContacts(file, kind.type, onProgress, mine.signal)
      if (!mine.signal.aborted) setState({ step: 'done', name, report })
    } catch (error) {
      if (mine.signal.aborted) return
      // A file that was moved or changed since it was chosen can no longer be read.
      const known = error instanceof ApiError ? error : new ApiError(0, String(error))
      if (known.status !== 401) setState({ step: 'failed', name, error: known })
    } finally {
      if (running.current === mine) running.current = null
    }
  }

  function cancel() {
    running.current?.abort()
    running.current = null
    setState({ step: 'cancelled' })
  }

  return { state, start, cancel }
}
