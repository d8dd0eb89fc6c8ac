// What do a refresh and a recovery cost, and how long does a kit take to check, by this program and by Python's?

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type MessageName, messageLength } from '@tercet/protocol/messages'
import { verifyKit } from '@tercet/recovery/kit-verification'
import { firstGeneration, type Generation, reshare, USES } from '../support/reshare.js'
import { root } from '../support/root.js'
import { cpuMilliseconds, wallMilliseconds } from './measure.js'
import { random } from './protocol.js'

export type Reshare = 'refresh' | 'device lost'

/** What goes between the machines; a base kit of the size of the one at hand is in the hand-over. */
const MESSAGES: Record<Reshare, readonly MessageName[]> = {
  refresh: ['refresh.req1', 'refresh.res1', 'refresh.req2', 'refresh.res2', 'reshare.req3', 'reshare.res3'],
  'device lost': [
    'newcomer.req1',
    'newcomer.res1',
    'replace.req1',
    'replace.res1',
    'replace.req2',
    'replace.res2',
    'newcomer.req2',
    'newcomer.res2',
    'reshare.req3',
    'reshare.res3',
  ],
}

const base: Generation = firstGeneration()

/** CPU milliseconds of all parties of one reshare, every message through its encoding. */
export function runReshare(name: Reshare): number {
  const use = USES.find((each) => each.name === name)
  if (use === undefined) throw new Error(`no reshare is called ${name}`)
  const begun = cpuMilliseconds()
  reshare(use, base, random)
  return cpuMilliseconds() - begun
}

/** Message bodies of one reshare, and how many of them are answers. */
export function traffic(name: Reshare, kitBytes: number): { bytes: number; roundTrips: number } {
  const messages = MESSAGES[name]
  const sizes = messages.map((each) => messageLength(each, 1, each === 'newcomer.req2' ? kitBytes : 0))
  return { bytes: sizes.reduce((sum, size) => sum + size, 0), roundTrips: messages.length / 2 }
}

/** A kit on disk, checked over and over. */
export class KitBench {
  readonly #kit: Uint8Array
  readonly #folder = mkdtempSync(join(tmpdir(), 'tercet-bench-kit-'))
  readonly #path = join(this.#folder, 'kit.json')

  constructor(kit: Uint8Array) {
    this.#kit = kit
    writeFileSync(this.#path, kit)
  }

  get bytes(): number {
    return this.#kit.length
  }

  /** Every check of a kit, in this process. */
  ours(): Promise<number> {
    return wallMilliseconds(() => verifyKit(this.#kit))
  }

  /** A Python process from its start to its verdict; undefined where there is no Python. */
  async python(): Promise<number | undefined> {
    const program = join(root, 'test/python/verify_kit.py')
    try {
      return await wallMilliseconds(() => promisify(execFile)('python3', [program, this.#path]))
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    }
  }

  end(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
