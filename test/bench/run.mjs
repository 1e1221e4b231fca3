// `npm run bench -- NAME [--json] [--long]`: a table for people, and with --json one line for programs at the end.
const [name, ...flags] = process.argv.slice(2)
const NAMES = ['collect', 'project']
if (!NAMES.includes(name)) {
  console.error(`Say which benchmark: npm run bench -- ${NAMES.join(' | ')} [--json] [--long]`)
  process.exit(1)
}
const { bench } = await import(`./${name}.ts`)
const line = await bench({ long: flags.includes('--long') })
const { printTable } = await import('./table.ts')
printTable(name, line)
if (flags.includes('--json')) console.log(JSON.stringify(line))
process.exit(0)
