/** `couture doctor`: checks the installation and reports problems. */
import type { Command } from 'commander'
import { examine } from '../actions/examine.ts'
import { Refusal, show, withStore } from './store.ts'

/** Adds the command. */
export function registerDoctor(program: Command): void {
  program
    .command('doctor [url]')
    .description("check this installation and, given the URL of a shop's page or of the tag, how a shop reaches it")
    .option('--json', 'print JSON')
    .action((url: string | undefined, options: { json?: boolean }) =>
      withStore(async (db, config) => {
        if (url !== undefined && !URL.canParse(url)) {
          throw new Refusal(
            `the URL must be one such as https://shop.example or https://shop.example/c/tag.js (got "${url}")`,
          )
        }
        const findings = await examine(db, config, url ?? null)
        const marks = { ok: ' ok ', note: 'note', wrong: 'BAD ' }
        show(options.json, findings, () => findings.map(({ state, what }) => `${marks[state]}  ${what}`).join('\n'))
        if (findings.some((finding) => finding.state === 'wrong')) process.exitCode = 1
      }),
    )
}
