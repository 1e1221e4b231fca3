/**
 * An operator's decision on a link: right, wrong, or undecided again. Earlier decisions are only requested when the
 * buttons are shown.
 */
import { useEffect, useRef, useState } from 'hono/jsx/dom'
import { type Act, ApiError, type Client, type ContactLink, type LinkAct } from '../api.ts'
import type { Ui } from '../texts/format.ts'
import { troubleText } from './trouble.tsx'

type Props = { ui: Ui; client: Client; link: ContactLink; open: boolean; onDecided: () => void }

/** The buttons, with the last decision. */
export function Decision({ ui, client, link, open, onDecided }: Props) {
  const { t, f } = ui
  const [shown, setShown] = useState(open)
  const [last, setLast] = useState<LinkAct | null>(null)
  const [mine, setMine] = useState<Act | null>(null)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<ApiError | null>(null)
  // The pressed button disappears; its focus moves to its replacement.
  const panel = useRef<HTMLDivElement>(null)
  const keepFocus = () => requestAnimationFrame(() => panel.current?.focus({ preventScroll: true }))

  useEffect(() => {
    if (!shown) return
    const ending = new AbortController()
    // If earlier decisions cannot be loaded, the buttons still work; a click reports what is wrong.
    client.said(link.id, ending.signal).then(
      (acts) => setLast(acts.at(-1) ?? null),
      () => {},
    )
    return () => ending.abort()
  }, [shown, link.id])

  async function decide(act: Act) {
    if (busy) return
    setBusy(true)
    setError(null)
    try {
      await client.decide(link.id, act)
      setMine(act)
      keepFocus()
      onDecided()
    } catch (failure) {
      setError(failure instanceof ApiError ? failure : new ApiError(0, ''))
    } finally {
      setBusy(false)
    }
  }

  if (!shown) {
    return (
      <p class="decision">
        <button
          key="ask"
          type="button"
          class="plain"
          data-testid="decide"
          onClick={() => {
            setShown(true)
            keepFocus()
          }}
        >
          {t.review.ask}
        </button>
      </p>
    )
  }
  const act = mine ?? last?.act ?? 'clear'
  const button = (to: Act, label: string) => (
    <button
      key={to}
      type="button"
      class="quiet"
      data-testid={`link-${to}`}
      aria-disabled={busy ? 'true' : undefined}
      onClick={() => decide(to)}
    >
      {label}
    </button>
  )
  return (
    <div class="decision" ref={panel} tabindex={-1}>
      <p class="hint" role="status">
        {mine !== null && mine !== 'clear'
          ? `${t.review.said[mine]} ${t.review.follows}`
          : mine === null && last !== null
            ? t.review.saidAt[last.act](f.dayAndTime(last.at))
            : ''}
      </p>
      <p class="decision-buttons">
        {act === 'confirm' ? null : button('confirm', t.review.right)}
        {act === 'void' ? null : button('void', t.review.wrong)}
        {act === 'clear' ? null : button('clear', t.review.undo)}
      </p>
      {error === null ? null : (
        <p key="error" class="field-trouble" role="alert">
          {troubleText(ui, error)}
        </p>
      )}
    </div>
  )
}
