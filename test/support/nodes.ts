/**
 * The machines of a test's database: one PostgreSQL, or, with `CITUS_WORKERS=host:port,…` next to `DATABASE_URL`, a
 * Citus with these workers, which have the same databases, users and passwords as the coordinator in the URL.
 */
import { Client } from 'pg'

/** The address of a machine for the other machines. */
export type Node = { host: string; port: number }

/** The workers that the variable names; none if it is not set. */
export function readWorkers(text: string | undefined): Node[] {
  if (text === undefined || text === '') return []
  return text.split(',').map((each) => {
    const [, host, port] = /^([^\s:/@]+|\[[0-9a-f:]+\]):(\d{1,5})$/i.exec(each.trim()) ?? []
    if (host === undefined || Number(port) < 1 || Number(port) > 65_535) {
      throw new Error(`CITUS_WORKERS must be host:port, separated by commas (got "${each}")`)
    }
    return { host, port: Number(port) }
  })
}

/** The URL of a database of this name, on the machine of a URL or on another. */
export function urlOn(url: string, name: string, node?: Node): string {
  const on = new URL(url)
  on.pathname = `/${name}`
  if (node) on.host = `${node.host}:${node.port}`
  return on.href
}

/** Runs statements on a new connection. Returns the rows of the last one. */
export async function administer<T extends object>(
  url: string,
  ...statements: (string | { text: string; values: unknown[] })[]
): Promise<T[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    let rows: T[] = []
    for (const statement of statements) rows = (await client.query<T>(statement)).rows
    return rows
  } finally {
    await client.end()
  }
}

const nameOf = (url: string) => new URL(url).pathname.slice(1)

/** Whether the database of a URL has Citus. */
export async function hasCitus(url: string): Promise<boolean> {
  return (await administer(url, "select 1 from pg_extension where extname = 'citus'")).length > 0
}

/** Makes a database on the machine of a URL and on each worker, and returns its URL on the first. */
export async function createOnAll(url: string, name: string, workers: Node[]): Promise<string> {
  const from = nameOf(url)
  for (const each of [url, ...workers.map((worker) => urlOn(url, from, worker))]) {
    await administer(each, `create database ${name}`)
  }
  return urlOn(url, name)
}

/** Turns a database that exists on all machines into one that Citus distributes over the workers. */
export async function joinWorkers(url: string, workers: Node[]): Promise<void> {
  for (const each of [url, ...workers.map((worker) => urlOn(url, nameOf(url), worker))]) {
    await administer(each, 'create extension citus')
  }
  if (workers.length === 0) return
  const { hostname, port } = new URL(url)
  await administer(
    url,
    { text: 'select citus_set_coordinator_host($1, $2)', values: [hostname, Number(port || 5432)] },
    ...workers.map(({ host, port }) => ({ text: 'select citus_add_node($1, $2)', values: [host, port] })),
  )
}

/** Drops a database on the machine of a URL and on each worker, even with open connections. */
export async function dropOnAll(url: string, name: string, workers: Node[]): Promise<void> {
  const from = nameOf(url)
  for (const each of [url, ...workers.map((worker) => urlOn(url, from, worker))]) {
    await administer(each, `drop database if exists ${name} with (force)`)
  }
}
