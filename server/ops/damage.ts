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

/** The same for the store, wherever it is. `isAway`: whether an error means that it cannot be reached now. */
export function explainStore(
  { dataDir, databaseUrl }: { dataDir: string; databaseUrl: string | null },
  isAway: (error: unknown) => boolean,
): (error: unknown) => never {
  return (error) => {
    if (databaseUrl !== null && isAway(error)) {
      throw new Error(`the database of DATABASE_URL cannot be reached: ${(error as Error).message}`)
    }
    return explainDamage(dataDir, 'couture.db')(error)
  }
}
