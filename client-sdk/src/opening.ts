// How is a wallet of the store opened, and made ready for use?

import type { Engine } from './engine/contract.js'
import { startEngine } from './engine/engine.js'
import type { Creation } from './keygen.js'
import { Live } from './live.js'
import { channelOf, given, type OpenOptions, poolSize, type WalletOptions } from './options.js'
import { reporter, STAGES } from './progress.js'
import { read } from './record-format.js'
import { loadWallet, storeMeta, type WalletRecords } from './records.js'

/** A wallet of the store; where its creation was cut off, that is finished. @throws TercetError */
export async function openLive(options: OpenOptions): Promise<Live> {
  const { walletId, storage } = options
  const records = await loadWallet(storage, walletId)
  const meta = options.node === undefined ? records.meta : { ...records.meta, node: options.node }
  if (meta.node !== records.meta.node) await storeMeta(storage, walletId, meta)
  return withEngine(options, async (engine) => {
    const channel = await channelOf(options, meta.node, meta.cosigner)
    const creation: Creation = {
      ...given(options),
      channel,
      engine,
      report: reporter(STAGES, options.onProgress),
    }
    const moved = { ...records, meta }
    if (meta.stage !== 'confirm') return finish(options, creation, walletId, moved)
    const { confirmKey } = await import('./keygen.js')
    return finish(options, creation, walletId, await confirmKey(creation, walletId, moved))
  })
}

/** The last stages: the first signature, where it is missing, and the pool. */
export async function finish(
  options: WalletOptions,
  creation: Creation,
  walletId: string,
  records: WalletRecords,
): Promise<Live> {
  const { storage, channel, engine, report, signal } = creation
  const { monotonic = () => performance.now() } = options
  const parts = { walletId, storage, channel, engine, monotonic, poolSize: poolSize(options), onNotice }
  const live = new Live(parts, records)
  if (records.meta.stage !== 'ready') {
    report('self-test')
    await live.presigner.signFresh(live.interpret({ kind: 'self-test' }).input, signal)
    await live.pair.setStage('ready')
  }
  report('ready')
  live.presigner.refill()
  await resume(live)
  return live
}

/** Asks, in the background, what claims there are. */
function onNotice(live: Live): void {
  import('./claims.js').then(({ heedNotice }) => heedNotice(live)).catch(() => undefined)
}

/** Continues, in the background, a change of the shares that was cut off. */
async function resume(live: Live): Promise<void> {
  if ((await read(live.storage, live.walletId, 'epochs')) === undefined) return
  import('./reshare/refresh.js')
    .then(({ resume }) => resume(live))
    .catch(() => undefined)
    .then(() => import('./recovery/resume.js'))
    .then(({ resumeChange }) => resumeChange(live))
    .catch(() => undefined)
}

/** Starts an engine for the work, and ends it if the work fails. */
export async function withEngine(
  options: WalletOptions,
  work: (engine: Engine) => Promise<Live>,
): Promise<Live> {
  const engine = await startEngine(options.random)
  try {
    return await work(engine)
  } catch (error) {
    await engine.close()
    throw error
  }
}
