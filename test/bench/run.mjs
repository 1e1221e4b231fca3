// `npm run bench -- NAME [--json] [--long]`: a table for people, and with --json one line for programs at the end.
const [name, ...flags] = process.argv.slice(2)
const NAMES = ['collect', 'project']
if (!NAMES.includes(name)) {
  console.error(`Say which benchmark: npm run bench -- ${NAMES.join(' | ')} [--json] [--long]`)
  process.exit(1)
}
// The engine: SQLite, or the PostgreSQL that `DATABASE_URL` names; each measurement makes databases of its own there.
if (process.env.DATABASE_URL) {
  process.env.TEST_ENGINE = 'postgres'
  process.env.TEST_POSTGRES_URL = process.env.DATABASE_URL
}
const { bench } = await import(`./${name}.ts`)
const line = await bench({ long: flags.includes('--long') })
const { printTable } = await import('./table.ts')
printTable(name, line)
if (flags.includes('--json')) console.log(JSON.stringify(line))
process.exit(0)
