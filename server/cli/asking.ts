/** Asks the person at the terminal for what a command was not told. Programs are never asked: they get a refusal. */
import { createInterface } from 'node:readline/promises'
import { Refusal } from './store.ts'

/** A question, with what an empty answer means. `wrong` says what is wrong with an answer, or null. */
export type Question = { option: string; text: string; fallback?: string; wrong: (answer: string) => string | null }

/** Whether somebody can be asked. */
function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true
}

/** Asks until the answer is right. Refuses, naming the option, if nobody can be asked and there is no fallback. */
export async function ask({ option, text, fallback, wrong }: Question): Promise<string> {
  if (!canAsk()) {
    if (fallback === undefined) throw new Refusal(`${option} must be given`)
    return fallback
  }
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  try {
    for (;;) {
      const hint = fallback ? ` [${fallback}]` : ''
      const answer = (await lines.question(`${text}${hint}: `)).trim() || fallback
      if (answer === undefined) continue
      const problem = wrong(answer)
      if (problem === null) return answer
      console.log(`  ${problem}`)
    }
  } finally {
    lines.close()
  }
}
