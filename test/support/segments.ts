/** Segments of a server under test. */
import { type TestServer, until } from './server.ts'

/** Deletes all segments but these, for tests that list what somebody is in, and waits until nobody is in them. */
export async function keepOnly(server: TestServer, ...ids: string[]): Promise<void> {
  type Listed = { data: { id: string; judging: unknown }[] }
  const list = async () => (await server.get<Listed>('/api/v1/segments')).data
  for (const { id } of await list()) {
    if (!ids.includes(id)) await server.api(`/api/v1/segments/${id}`, { method: 'DELETE' })
  }
  await until(async () => (await list()).every(({ judging }) => judging === null), 'the segments to be judged')
}
