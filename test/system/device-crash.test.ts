// Does a device that is killed at any durable call find its wallet again, or plainly none? (product, crash-safe HTTP)
import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { recoverMessageAddress } from 'viem'
import { beforeAll, describe, expect, it } from 'vitest'
import { type DeviceEvent, type DeviceTask, eventsOf, startDevice } from '../support/device-process.js'
import { type NodeProcess, newDataDir, startNode } from '../support/node-process.js'
import { suite } from '../support/suite.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { readTrace, underStrace } from '../support/trace.js'

const { some, count } = suite('device crash')
const folder = temporaryFolder('device-crash')

/** What makes a change of the device's file durable: synced, then renamed into place. */
const DURABLE = ['fsync', 'rename'] as const
interface Point {
  readonly call: (typeof DURABLE)[number]
  readonly nth: number
}
/** One thread for files: its calls are then counted in one order. */
const environment = { UV_THREADPOOL_SIZE: '1' }

describe('a device killed at a durable call', () => {
  let node: NodeProcess
  let points: Point[] = []

  function taskIn(name: string, messages: readonly string[]): DeviceTask {
    mkdirSync(join(folder, name), { mode: 0o700 })
    return { node: node.url, file: join(folder, name, 'wallet'), messages }
  }

  beforeAll(async () => {
    node = await startNode({ dataDir: await newDataDir(folder, 'node') })
    const file = join(folder, 'count.trace')
    const device = startDevice(taskIn('count', []), { environment, under: underStrace(file, DURABLE) })
    expect(await device.ended(), device.stdout() + device.stderr()).toBe(0)
    const calls = readTrace(file)
    points = DURABLE.flatMap((call) => {
      const length = calls.filter(({ name }) => name === call).length
      return Array.from({ length }, (_, i) => ({ call, nth: i + 1 }))
    })
    process.stdout.write(`device crash: ${points.length} points from nothing to a wallet that is ready\n`)
    expect(points.length).toBeGreaterThan(4)
  })

  /** Kills a new device at the point, lets something happen meanwhile, and runs the device again to its end. */
  async function crash(
    { call, nth }: Point,
    label: string,
    meanwhile = async () => {},
  ): Promise<DeviceEvent[]> {
    const name = `${label}-${call}-${nth}`
    const message = `${name}, afterwards`
    const task = taskIn(name, [message])
    const inject = ['-e', `inject=${call}:signal=KILL:when=${nth}`]
    const under = underStrace(join(folder, `${name}.trace`), DURABLE, inject)
    const killed = startDevice(task, { environment, under })
    expect(await killed.ended(), `${name}: the device was to be killed`).toBe('SIGKILL')
    await meanwhile()
    const again = startDevice(task)
    expect(await again.ended(), `${name}: ${again.stdout()}${again.stderr()}`).toBe(0)
    const events = eventsOf(again)
    const wallets = events.flatMap((event) => (event.event === 'wallet' ? [event] : []))
    const signed = events.flatMap((event) => (event.event === 'signed' ? [event] : []))
    expect({ wallets: wallets.length, signed: signed.length }, name).toEqual({ wallets: 1, signed: 1 })
    const signature = signed[0]?.serialized ?? '0x'
    expect(await recoverMessageAddress({ message, signature })).toBe(wallets[0]?.address)
    for (const file of readdirSync(join(folder, name))) {
      expect(statSync(join(folder, name, file)).mode & 0o077, `${file} is its owner's alone`).toBe(0)
    }
    count()
    return events
  }

  it('opens, resumes or begins anew, and the pair signs', async () => {
    for (const call of DURABLE) {
      const chosen = some(
        call,
        points.filter((point) => point.call === call),
        3,
      )
      for (const point of chosen) {
        const found = (await crash(point, 'sample')).flatMap((event) => {
          if (event.event === 'wallet') return [`from ${event.from}`]
          return event.event === 'refused' ? [event.code] : []
        })
        process.stdout.write(`device crash: ${call} ${point.nth}: ${found.join(', ')}\n`)
        expect(found.length).toBeGreaterThan(0)
      }
    }
  })

  it('ends a creation by name when the node has forgotten it, and begins anew', async () => {
    // The second write is the new share: synced as a file, renamed, and killed before the folder is synced.
    const stored = { call: 'fsync', nth: 4 } as const
    const events = await crash(stored, 'forgotten', async () => {
      await node.kill()
      node = await startNode({ dataDir: join(folder, 'node'), port: node.port })
    })
    expect(events).toContainEqual({ event: 'refused', code: 'unknown-session' })
    expect(events).toContainEqual(expect.objectContaining({ event: 'wallet', from: 'nothing' }))
  })
})
