// What does the cheapest honest server do? It reads a POST body and sends it back. The second yardstick's other process.

import process from 'node:process'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const app = new Hono()
app.post('/echo', async (context) => context.body(await context.req.arrayBuffer()))
const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => {
  process.stdout.write(`${JSON.stringify({ port })}\n`)
})
process.once('SIGTERM', () => server.close())
