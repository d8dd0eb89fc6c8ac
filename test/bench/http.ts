// What does a signature cost an application: the SDK here, a node with its database in another process?

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fetchTransport, type Transport, Wallet } from '@tercet/client'
import { memoryStorage } from '@tercet/client/storage/memory'
import { ownerOf, proveRecoveryKey, recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { fromBase64url } from '@tercet/wire/base64url'
import { runProgram, startServer } from './child.js'
import { type CountingProxy, startCountingProxy } from './counting-proxy.js'
import { wallMilliseconds } from './measure.js'
import { random } from './protocol.js'

/** Bytes of the connections, headers included, and requests. */
export interface Traffic {
  readonly bytes: number
  readonly roundTrips: number
}

export type Mode = 'pool' | 'fresh'

export interface Http {
  /** Makes a wallet that keeps no presignatures; from then on the fresh signatures are its own. Wall-clock milliseconds. */
  create(): Promise<number>
  /** Wall-clock milliseconds of one signature on a message. */
  sign(mode: Mode): Promise<number>
  /** Fills the pool again, outside of every measurement. */
  refill(): Promise<void>
  /** The recovery kit of one of the wallets. */
  kit(): Promise<Uint8Array>
  /** What goes over the connections, in a call of its own that nobody times. */
  traffic(of: 'create' | Mode): Promise<Traffic>
  stop(): Promise<void>
}

/** A pool refills in the background once it is half empty; fewer signatures than this leave it alone. */
const POOL = 16
export const POOL_SIGNATURES = POOL / 2 - 1

const node = join(dirname(fileURLToPath(import.meta.resolve('@tercet/node/package.json'))), 'dist/main.js')

/** Starts a node on an empty data folder, and a wallet with a full pool. */
export async function startHttp(): Promise<Http> {
  const folder = mkdtempSync(join(tmpdir(), 'tercet-bench-'))
  const undo: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true, force: true })]
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const dataDir = join(folder, 'node')
    await runProgram(node, ['init', '--data-dir', dataDir])
    const ports = ['--port', '0', '--metrics-port', '0']
    const server = await startServer(node, ['start', '--data-dir', dataDir, '--host', '127.0.0.1', ...ports])
    undo.push(server.stop)
    const proxy = await startCountingProxy(server.address)
    undo.push(proxy.stop)
    const client = new Client(server.address, proxy)
    undo.push(() => client.close())
    await client.begin()
    return {
      create: () => wallMilliseconds(() => client.create()),
      sign: (mode) => wallMilliseconds(() => client.sign(mode)),
      refill: () => client.refill(),
      kit: () => client.kit(),
      traffic: (of) => client.counted(() => (of === 'create' ? client.create() : client.sign(of))),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** One wallet with a pool and one without. */
class Client {
  readonly #node: string
  readonly #proxy: CountingProxy
  #counting = false
  #requests = 0
  #signed = 0
  #pooled: Wallet | undefined
  #fresh: Wallet | undefined

  constructor(node: string, proxy: CountingProxy) {
    this.#node = node
    this.#proxy = proxy
  }

  async begin(): Promise<void> {
    this.#pooled = await this.#newWallet(POOL)
    await this.#pooled.ready()
    await this.create()
  }

  async create(): Promise<void> {
    await this.#fresh?.close()
    this.#fresh = await this.#newWallet(0)
  }

  async sign(mode: Mode): Promise<void> {
    const wallet = mode === 'pool' ? this.#pooled : this.#fresh
    const signed = await wallet?.signMessage(`message ${this.#signed++}`)
    if (signed?.mode !== mode) throw new Error(`a signature in ${mode} mode was measured in another`)
  }

  kit(): Promise<Uint8Array> {
    if (this.#pooled === undefined) throw new Error('there is no wallet yet')
    return this.#pooled.recoveryKit()
  }

  async refill(): Promise<void> {
    await this.#pooled?.ready()
  }

  async counted(work: () => Promise<void>): Promise<Traffic> {
    const before = this.#proxy.bytes
    this.#requests = 0
    this.#counting = true
    await work()
    this.#counting = false
    return { bytes: this.#proxy.bytes - before, roundTrips: this.#requests }
  }

  async close(): Promise<void> {
    await this.#pooled?.close()
    await this.#fresh?.close()
  }

  #newWallet(size: number): Promise<Wallet> {
    const transport: Transport = (request) => {
      this.#requests++
      const url = this.#counting ? request.url.replace(this.#node, this.#proxy.address) : request.url
      return fetchTransport({ ...request, url })
    }
    return Wallet.create({
      node: this.#node,
      storage: memoryStorage(),
      pool: { size },
      transport,
      recovery: async ({ identity }) => {
        const { kappa, publicKey } = recoveryKeyFromSeed(random(32))
        const owner = ownerOf(fromBase64url(identity, 'identity'))
        return { publicKey: publicKey.toBytes(true), proof: proveRecoveryKey(kappa, owner, random) }
      },
    })
  }
}
