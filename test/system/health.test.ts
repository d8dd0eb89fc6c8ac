// Does the node answer at once while it works hard? /health while twenty keygens run, p99 below 200 ms. (product figure)
import { setTimeout as pause } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { eventsOf, startDevice } from '../support/device-process.js'
import { newDataDir, startNode } from '../support/node-process.js'
import { suite } from '../support/suite.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const { count } = suite('health')
const folder = temporaryFolder('health')
const KEYGENS = 20
const EVERY_MS = 20
const LIMIT_MS = 200

/** Asks at fixed times, whether or not earlier answers have come, until told to stop. Milliseconds of each. */
function poll(url: string): { stop(): Promise<number[]> } {
  const asked: Promise<number>[] = []
  const timer = setInterval(() => asked.push(once(url)), EVERY_MS)
  return {
    stop: () => {
      clearInterval(timer)
      return Promise.all(asked)
    },
  }
}

async function once(url: string): Promise<number> {
  const from = performance.now()
  const response = await fetch(url)
  await response.arrayBuffer()
  if (response.status !== 200) throw new Error(`/health: ${response.status}`)
  return performance.now() - from
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN
}

function figures(latencies: readonly number[]) {
  const sorted = latencies.toSorted((a, b) => a - b)
  const [p50, p99, max] = [0.5, 0.99, 1].map((q) => Math.round(quantile(sorted, q) * 10) / 10)
  return { polls: sorted.length, p50: p50 ?? 0, p99: p99 ?? 0, max: max ?? 0 }
}

it(`answers /health below ${LIMIT_MS} ms at the 99th percentile while ${KEYGENS} keygens run`, async () => {
  const node = await startNode({ dataDir: await newDataDir(folder, 'node') })
  const devices = Array.from({ length: KEYGENS }, () =>
    startDevice({ node: node.url, steps: [] }, { under: ['nice', '-n', '19'] }),
  )
  const begun = performance.now()
  const polling = poll(`${node.url}/health`)
  const ends = await Promise.all(devices.map((device) => device.ended()))
  const seconds = Math.round((performance.now() - begun) / 100) / 10
  const found = figures(await polling.stop())
  process.stdout.write(`health: ${JSON.stringify({ keygens: KEYGENS, seconds, ...found })} ms\n`)
  count(found.polls)
  const made = devices.flatMap(eventsOf).filter(({ event }) => event === 'wallet')
  expect({ ends: [...new Set(ends)], made: made.length }).toEqual({ ends: [0], made: KEYGENS })
  expect(found.polls).toBeGreaterThan(100)
  expect(found.p99).toBeLessThan(LIMIT_MS)
  expect(await node.stop()).toBe(0)
})

it('sees a node that does not answer for a while (positive control)', async () => {
  const node = await startNode({ dataDir: await newDataDir(folder, 'stopped') })
  const polling = poll(`${node.url}/health`)
  await pause(500)
  process.kill(node.pid, 'SIGSTOP')
  await pause(2 * LIMIT_MS)
  process.kill(node.pid, 'SIGCONT')
  await pause(500)
  expect(figures(await polling.stop()).p99).toBeGreaterThan(LIMIT_MS)
  await node.stop()
})
