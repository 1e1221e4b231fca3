/** A mail server with a web inbox in a separate process: mail sent to it by SMTP is read in a browser. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import { freePort, until } from './server.ts'

const require = createRequire(import.meta.url)

/** One mail as it is written. */
export type Mail = { to: string; subject: string; html: string; text: string }

/** A running mail server. */
export type Mailbox = {
  /** Its web inbox. */
  url: string
  /** Delivers a mail by SMTP; resolves when the server has accepted it and the inbox shows it. */
  send(mail: Mail): Promise<void>
  /** The HTML of the one mail of this subject, as it was received. */
  read(subject: string): Promise<string>
  stop(): Promise<void>
}

/** Starts one on free ports, with a folder of its own. */
export async function startMailbox(): Promise<Mailbox> {
  const folder = mkdtempSync(join(tmpdir(), 'couture-mail-'))
  const [smtp, web] = [await freePort(), await freePort()]
  const program = require.resolve('maildev/bin/maildev')
  const places = ['--ip', '127.0.0.1', '--smtp', String(smtp), '--web', String(web), '--mail-directory', folder]
  const child = spawn(process.execPath, [program, '--silent', ...places], { stdio: 'ignore' })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = `http://127.0.0.1:${web}`
  const received = async () =>
    (await (await fetch(`${url}/email`)).json()) as { id: string; subject: string; html: string }[]
  await until(() => {
    if (child.exitCode !== null) throw new Error(`the mail server ended with ${child.exitCode}`)
    return received().catch(() => null)
  }, 'the mail server to start')
  const transport = createTransport({ host: '127.0.0.1', port: smtp, secure: false, ignoreTLS: true })
  const find = (subject: string) =>
    until(async () => (await received()).find((mail) => mail.subject === subject), `the mail "${subject}"`)
  return {
    url,
    async send(mail) {
      await transport.sendMail({ from: 'La Maison <letter@shop.example>', ...mail })
      await find(mail.subject)
    },
    read: async (subject) => (await find(subject)).html,
    async stop() {
      transport.close()
      child.kill('SIGTERM')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
