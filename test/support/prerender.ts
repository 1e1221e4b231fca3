/**
 * A tab of a real Chromium that may prerender. Playwright attaches to pages, and Chromium prerenders nothing for a page
 * that is attached to; so this one is driven through the tab, over the browser's own protocol.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findBrowser } from './browser.ts'
import { SWITCHES } from './chromium.ts'
import { until } from './server.ts'

type Message = {
  id?: number
  method?: string
  result?: any
  error?: { message: string }
  params?: { sessionId: string; targetInfo: { type: string; subtype?: string } }
}

/** The page shown at first, and the prerendered page once there is one. */
export type PrerenderingTab = {
  goto(url: string): Promise<void>
  /** The prerendered page, which is shown after its activation. */
  prerendered(): Promise<PrerenderedPage>
  /** A user's click on the page shown at first. */
  click(x: number, y: number): Promise<void>
  close(): Promise<void>
}

/** A page that is or was prerendered. */
export type PrerenderedPage = { run(code: string): Promise<unknown>; click(x: number, y: number): Promise<void> }

/** Starts a browser with one tab. */
export async function openPrerenderingTab(): Promise<PrerenderingTab> {
  const profile = mkdtempSync(join(tmpdir(), 'couture-prerender-'))
  const child = spawn(
    await findBrowser(),
    ['--headless=new', ...SWITCHES, '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let said = ''
  child.stderr.on('data', (data: Buffer) => {
    said += data
  })
  const address = await until(() => /DevTools listening on (ws:\S+)/.exec(said)?.[1], 'Chromium to start')
  const socket = new WebSocket(address)
  await once(socket, 'open')
  const waiting = new Map<number, (message: Message) => void>()
  const sessions: { prerender: boolean; id: string }[] = []
  let calls = 0
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(data) as Message
    if (message.id !== undefined) waiting.get(message.id)?.(message)
    if (message.method !== 'Target.attachedToTarget') return
    const { sessionId, targetInfo } = message.params!
    if (targetInfo.type === 'page') sessions.push({ id: sessionId, prerender: targetInfo.subtype === 'prerender' })
  })
  const call = (method: string, params: object, sessionId?: string) =>
    new Promise<any>((resolve, reject) => {
      waiting.set(++calls, ({ result, error }) => (error ? reject(new Error(error.message)) : resolve(result)))
      socket.send(JSON.stringify({ id: calls, method, params, sessionId }))
    })
  const click = async (session: string, x: number, y: number) => {
    for (const type of ['mousePressed', 'mouseReleased']) {
      const event = { type, x, y, button: 'left', clickCount: 1 }
      // A page that the click leaves does not answer it.
      void call('Input.dispatchMouseEvent', event, session).catch(() => {})
    }
  }
  const sessionOf = (prerender: boolean) =>
    until(() => sessions.findLast((each) => each.prerender === prerender)?.id, 'a page to attach to')

  const { targetId } = await call('Target.createTarget', { url: 'about:blank', forTab: true })
  const tab = (await call('Target.attachToTarget', { targetId, flatten: true })).sessionId
  await call('Target.setAutoAttach', { autoAttach: true, flatten: true, waitForDebuggerOnStart: false }, tab)
  const first = await sessionOf(false)
  return {
    goto: (url) => call('Page.navigate', { url }, first),
    click: (x, y) => click(first, x, y),
    async prerendered() {
      const session = await sessionOf(true)
      return {
        run: async (code) =>
          (await call('Runtime.evaluate', { expression: code, returnByValue: true }, session)).result.value,
        click: (x, y) => click(session, x, y),
      }
    },
    async close() {
      socket.close()
      const ended = once(child, 'exit')
      child.kill()
      await ended
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
