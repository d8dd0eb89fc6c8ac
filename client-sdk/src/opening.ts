// How is a wallet made ready for use: created with a node, or opened from a store, its unfinished creation finished?

import type { Engine } from './engine/contract.js'
import { startEngine } from './engine/engine.js'
import { platformRandom } from './engine/platform-random.js'
import { codeOf, throwIfAborted } from './errors.js'
import { fetchNodeIdentity } from './identity.js'
import {
  type Creation,
  checkExpected,
  confirmKey,
  makeKey,
  type Registered,
  registerRecovery,
} from './keygen.js'
import { Live } from './live.js'
import {
  type CreateOptions,
  channelOf,
  connection,
  given,
  type OpenOptions,
  poolSize,
  type WalletOptions,
} from './options.js'
import { reporter } from './progress.js'
import { loadWallet, storeMeta, type WalletRecords } from './records.js'

/** Keygens begun anew because the node forgot the session: each with fresh secrets. */
const CREATE_TRIES = 2

/** A new key that the node has confirmed and that has signed once. @throws TercetError */
export async function createLive(options: CreateOptions): Promise<Live> {
  const report = reporter(options.onProgress)
  report('identity')
  const identity = await options.storage.identity()
  const { node, random = platformRandom, signal } = options
  const found = await fetchNodeIdentity({
    node,
    random,
    device: identity.publicIdentity,
    ...connection(options),
    ...(signal === undefined ? {} : { signal }),
  })
  checkExpected(found, options.expectedIdentity)
  report('recovery')
  const recovery = await registerRecovery(options.recovery, identity)
  throwIfAborted(signal)
  return withEngine(options, async (engine) => {
    const channel = await channelOf(options, node, found)
    const creation: Creation = { ...given(options), channel, engine, report }
    const { walletId, records } = await newKey(creation, recovery)
    return finish(options, creation, walletId, records)
  })
}

/** A wallet of the store; where its creation was cut off, that is finished. @throws TercetError */
export async function openLive(options: OpenOptions): Promise<Live> {
  const { walletId, storage } = options
  const records = await loadWallet(storage, walletId)
  const meta = options.node === undefined ? records.meta : { ...records.meta, node: options.node }
  if (meta.node !== records.meta.node) await storeMeta(storage, walletId, meta)
  return withEngine(options, async (engine) => {
    const channel = await channelOf(options, meta.node, meta.cosigner)
    const creation: Creation = { ...given(options), channel, engine, report: reporter(options.onProgress) }
    const moved = { ...records, meta }
    const confirmed = meta.stage === 'confirm' ? await confirmKey(creation, walletId, moved) : moved
    return finish(options, creation, walletId, confirmed)
  })
}

/** The last stages: the first signature, where it is missing, and the pool. */
async function finish(
  options: WalletOptions,
  creation: Creation,
  walletId: string,
  records: WalletRecords,
): Promise<Live> {
  const { storage, channel, engine, report, signal } = creation
  const { monotonic = () => performance.now() } = options
  const parts = { walletId, storage, channel, engine, monotonic, poolSize: poolSize(options) }
  const live = new Live(parts, records)
  if (records.meta.stage !== 'ready') {
    report('self-test')
    await live.presigner.signFresh(live.interpret({ kind: 'self-test' }).input, signal)
    await live.pair.setStage('ready')
  }
  report('ready')
  live.presigner.refill()
  return live
}

/** A key that the node has confirmed; made anew where the node forgot the session before it did. */
async function newKey(creation: Creation, recovery: Registered): ReturnType<typeof makeKey> {
  for (let tried = 1; ; tried++) {
    const { walletId, records } = await makeKey(creation, recovery)
    try {
      return { walletId, records: await confirmKey(creation, walletId, records) }
    } catch (error) {
      if (tried >= CREATE_TRIES || codeOf(error) !== 'unknown-session') throw error
    }
  }
}

/** Starts an engine for the work, and ends it if the work fails. */
async function withEngine(options: WalletOptions, work: (engine: Engine) => Promise<Live>): Promise<Live> {
  const engine = await startEngine(options.random)
  try {
    return await work(engine)
  } catch (error) {
    await engine.close()
    throw error
  }
}
