/** The baseline: a bare Hono route that reads and parses the same body and answers, in its own process. */
import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const app = new Hono()
app.post('/v1/events', async (c) => {
  const body = JSON.parse(await c.req.text()) as { events: unknown[] }
  return c.json({ accepted: body.events.length }, 202)
})
serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: '127.0.0.1' }, () => console.log('listening'))
