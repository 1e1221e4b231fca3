// `npm run bench -- [NAME] [--json] [--brief | --long]`: a table for people, and with --json one line for programs at the
// end. Without a name all of them, briefly.
const words = process.argv.slice(2)
const flags = words.filter((word) => word.startsWith('--'))
const [name = 'all', ...more] = words.filter((word) => !word.startsWith('--'))
const NAMES = ['all', 'collect', 'project', 'import', 'segments', 'link', 'simulation', 'tag']
const FLAGS = ['--json', '--brief', '--long']
if (!NAMES.includes(name) || more.length > 0 || flags.some((flag) => !FLAGS.includes(flag))) {
  console.error(`Say which benchmark: npm run bench -- [${NAMES.join(' | ')}] [--json] [--brief | --long]`)
  process.exit(1)
}
// The engine: SQLite, or the PostgreSQL that `DATABASE_URL` names; each measurement makes databases of its own there.
if (process.env.DATABASE_URL) {
  process.env.TEST_ENGINE = 'postgres'
  process.env.TEST_POSTGRES_URL = process.env.DATABASE_URL
}
const { bench } = await (name === 'all' ? import('./all.ts') : import(`./${name}.ts`))
const line = await bench({ brief: flags.includes('--brief'), long: flags.includes('--long') })
const { printTable } = await import('./table.ts')
printTable(name, line)
if (flags.includes('--json')) console.log(JSON.stringify(line))
process.exit(0)
