/** Segments of a server under test. */
import { settled } from './sender.ts'
import { type TestServer, until } from './server.ts'

/** Waits until every person has been judged by the current definitions, and readers are told of it. */
export async function judged(server: TestServer): Promise<void> {
  await until(async () => {
    const [row] = await server.query<{ open: number }>('select count(*) as open from segment_judging')
    return Number(row?.open) === 0
  }, 'every person to be judged')
  await settled(server)
}

/** Deletes all segments but these, for tests that list what somebody is in, and waits until nobody is in them. */
export async function keepOnly(server: TestServer, ...ids: string[]): Promise<void> {
  const { data } = await server.get<{ data: { id: string }[] }>('/api/v1/segments')
  for (const { id } of data) {
    if (!ids.includes(id)) await server.api(`/api/v1/segments/${id}`, { method: 'DELETE' })
  }
  await judged(server)
}
