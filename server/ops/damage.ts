/** A damaged database file: what to tell the person who starts the process, instead of the database's own message. */

const ADVICE = {
  'couture.db':
    'restore it from a backup; what was accepted in the last 24 hours is in journal.db and will be landed again',
  'journal.db': 'move it away and a new one is created; what was accepted and not landed is lost with it',
}

/** For `catch`: rethrows; if the file is damaged, as a sentence that names it and says what to do. */
export function explainDamage(folder: string, name: keyof typeof ADVICE): (error: unknown) => never {
  return (error) => {
    const message = error instanceof Error ? error.message : String(error)
    const words = /database disk image is malformed|file is not a database/.exec(message)
    throw words ? new Error(`${folder}/${name} is damaged (${words[0]}); ${ADVICE[name]}`) : error
  }
}
