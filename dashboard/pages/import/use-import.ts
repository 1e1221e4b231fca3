/**
 * One import, from the choice of a file to its report: the file is checked by a dry run, whose result is shown and whose
 * columns can be mapped differently, and imported once it is confirmed. Only one runs at a time; leaving the page cancels
 * it, and closing the window while it runs asks first.
 */
import { useLayoutEffect, useRef, useState } from 'hono/jsx/dom'
import { ApiError, type Client, type FileOf, type ImportReport } from '../../api.ts'
import { kindOf } from './file-kind.ts'

/** The fields of columns that the user has chosen, by heading; `-` skips a column. */
export type FieldMap = Record<string, string>

/**
 * The state of the import. `share` is how much has been sent, from 0 to 1; at 1 the server is processing it. `wasChecking`
 * and `checking`: it was, or is, only checked.
 */
export type ImportState =
  | { step: 'idle' }
  | { step: 'sending'; name: string; share: number; checking: boolean }
  | { step: 'cancelled'; wasChecking: boolean }
  | { step: 'unfit'; why: 'several' | 'empty' | 'spreadsheet' }
  | { step: 'failed'; name: string; error: ApiError }
  | { step: 'checked'; name: string; of: FileOf; report: ImportReport; map: FieldMap }
  | { step: 'done'; name: string; of: FileOf; report: ImportReport }

/** The state and the actions. `start` takes the files that were chosen or dropped. */
export function useImport(client: Client, of: FileOf) {
  const [state, setState] = useState<ImportState>({ step: 'idle' })
  const running = useRef<AbortController | null>(null)
  const chosen = useRef<{ file: File; type: string; match: 'email' | 'id' | null } | null>(null)

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

  async function send(map: FieldMap, checking: boolean) {
    if (running.current || chosen.current === null) return
    const { file, type, match } = chosen.current
    const mine = new AbortController()
    running.current = mine
    const { name } = file
    try {
      setState({ step: 'sending', name, share: 0, checking })
      const onProgress = (share: number) => mine.signal.aborted || setState({ step: 'sending', name, share, checking })
      const report = await client.importFile(of, file, { type, map, match, checking }, onProgress, mine.signal)
      if (mine.signal.aborted) return
      setState(checking ? { step: 'checked', name, of, report, map } : { step: 'done', name, of, report })
    } catch (error) {
      if (mine.signal.aborted) return
      // A file that was moved or changed since it was chosen can no longer be read.
      const known = error instanceof ApiError ? error : new ApiError(0, String(error))
      if (known.status !== 401) setState({ step: 'failed', name, error: known })
    } finally {
      if (running.current === mine) running.current = null
    }
  }

  async function start(files: File[]) {
    const [file] = files
    if (running.current || !file) return
    if (files.length > 1) return setState({ step: 'unfit', why: 'several' })
    const kind = await kindOf(file)
    if ('trouble' in kind) return setState({ step: 'unfit', why: kind.trouble })
    chosen.current = { file, type: kind.type, match: null }
    await send({}, true)
  }

  function cancel() {
    const wasChecking = state.step === 'checked' || (state.step === 'sending' && state.checking)
    running.current?.abort()
    running.current = null
    setState({ step: 'cancelled', wasChecking })
  }

  /** Checks the same file again with another field for a column. */
  const remap = (map: FieldMap, column: string, field: string) => send({ ...map, [column]: field }, true)
  /** Checks the same file again, with its rows finding their customers by this. */
  const matchBy = (match: 'email' | 'id') => {
    if (chosen.current) chosen.current.match = match
    return send({}, true)
  }
  const confirm = (map: FieldMap) => send(map, false)
  return { state, start, cancel, remap, matchBy, confirm }
}
