// What one-time state does the node hold for a pair, and how does all of it go at once? (SPEC 0.5, 3.5)

import { toBase64url } from '@tercet/wire/base64url'
import type { Code } from '@tercet/wire/codes'
import { LIMITS } from './config.js'
import { nameOf } from './engine/signing-steps.js'
import type { Node } from './node.js'
import { Refusal } from './refusal.js'
import { type Reply, Sessions } from './sessions.js'
import type { Wallet } from './store/wallets.js'

/** What a presign or fresh session is bound to. */
export interface SigningData {
  readonly wallet: Wallet
  readonly otSetupA: Uint8Array
  readonly batch: number
}

/** A presignature in the signing worker, or the tombstone of one. */
export interface Presignature extends SigningData {
  readonly id: string
  readonly handle: string
  /** Milliseconds of the monotonic clock. */
  readonly expires: number
  /** The one request it was taken for, and its answer while that is kept. */
  answer?: { readonly repeatHash: string; reply: Promise<Reply> | undefined }
  /** The presignature left its box, or is about to: nothing but its own release may touch it. */
  taken: boolean
  /** It went, or was to go while it was taken: it is not released any more, and not free again either. */
  doomed: boolean
}

/** Open sessions and presignatures of every pair. */
export function createPairs(node: Node) {
  const sessions = new Sessions<SigningData>(
    { kept: LIMITS.keptSessions, open: LIMITS.openSessions, openPerOwner: LIMITS.openSessionsPerKey },
    node.clock.monotonic,
    ({ id }) => discard([id]),
  )
  /** By wallet, then by presigId, oldest first. */
  const pools = new Map<string, Map<string, Presignature>>()
  let count = 0

  function discard(handles: readonly string[]): void {
    if (handles.length > 0) void node.engine.run('signing.drop', { handles }).catch(() => undefined)
  }

  function remove(wallet: string, presignature: Presignature): void {
    const pool = pools.get(wallet)
    if (!pool?.delete(presignature.id)) return
    presignature.doomed = true
    count--
    discard([presignature.handle])
    if (pool.size === 0) pools.delete(wallet)
  }

  /** Makes room for a batch: the oldest unused presignatures of the wallet give way. @throws Refusal `busy` */
  function makeRoom(keyId: Uint8Array, batch: number): void {
    sweep()
    if (count + batch > LIMITS.presignatures) forgetTombstones()
    if (count + batch > LIMITS.presignatures) throw new Refusal('busy', { retryAfterSeconds: 60 })
    const wallet = toBase64url(keyId)
    const unused = [...(pools.get(wallet)?.values() ?? [])].filter(({ answer }) => answer === undefined)
    const surplus = unused.length + batch - LIMITS.presignaturesPerKey
    for (const presignature of unused.slice(0, Math.max(0, surplus))) remove(wallet, presignature)
  }

  /** A used presignature without its answer says 404 instead of 409 from then on; it is gone either way. */
  function forgetTombstones(): void {
    for (const [wallet, pool] of pools) {
      for (const presignature of [...pool.values()]) {
        if (presignature.taken && presignature.answer?.reply === undefined) remove(wallet, presignature)
      }
    }
  }

  function add(data: SigningData, presigIds: readonly Uint8Array[]): void {
    const wallet = toBase64url(data.wallet.keyId)
    const pool = pools.get(wallet) ?? new Map<string, Presignature>()
    pools.set(wallet, pool)
    const expires = node.clock.monotonic() + LIMITS.presignatureSeconds * 1000
    for (const presigId of presigIds) {
      const id = toBase64url(presigId)
      pool.set(id, { ...data, id, handle: nameOf(presigId), expires, taken: false, doomed: false })
      count++
    }
  }

  /** Presignatures of a session that ended before it could hold them. */
  function discardUnheld(presigIds: readonly Uint8Array[]): void {
    discard(presigIds.map(nameOf))
  }

  /** The box of that name, made with this device. @throws Refusal `unknown-presignature` */
  function find(wallet: Wallet, presigId: Uint8Array): Presignature {
    const found = pools.get(toBase64url(wallet.keyId))?.get(toBase64url(presigId))
    const own = found !== undefined && Buffer.compare(found.wallet.device, wallet.device) === 0
    if (!own || found.expires <= node.clock.monotonic()) throw new Refusal('unknown-presignature')
    return found
  }

  function clear(wallet: string, pool: Map<string, Presignature>): void {
    for (const presignature of [...pool.values()]) {
      if (presignature.taken) presignature.doomed = true
      else remove(wallet, presignature)
    }
  }

  /** Everything one-time of a pair goes; sessions answer with `ended` from now on. */
  function drop(keyId: Uint8Array, ended: Code): void {
    const wallet = toBase64url(keyId)
    sessions.endWhere((session) => session.wallet === wallet, ended)
    const pool = pools.get(wallet)
    if (pool === undefined) return
    clear(wallet, pool)
  }

  /** The pair's setup is burned: its seeds leave memory, and with them everything made under it. */
  function burned(keyId: Uint8Array, otSetups: readonly Uint8Array[]): void {
    drop(keyId, 'burned')
    forget(otSetups)
  }

  /** Generations of a key are not served any more: what was made under their setups goes with them. */
  function ended(keyId: Uint8Array, otSetups: readonly Uint8Array[]): void {
    const wallet = toBase64url(keyId)
    const isOf = ({ otSetupA }: SigningData): boolean =>
      otSetups.some((gone) => Buffer.compare(gone, otSetupA) === 0)
    sessions.endWhere((session) => session.wallet === wallet && isOf(session.data), 'unknown-session')
    for (const presignature of [...(pools.get(wallet)?.values() ?? [])]) {
      if (!isOf(presignature)) continue
      if (presignature.taken) presignature.doomed = true
      else remove(wallet, presignature)
    }
    forget(otSetups)
  }

  /** Erased seeds and shares leave the write-ahead log and the worker too; a failure stops the node by itself. */
  function forget(otSetups: readonly Uint8Array[]): void {
    void node.store.checkpoint().catch(() => undefined)
    for (const otSetupA of otSetups) {
      void node.engine.run('signing.forget', { otSetupA }).catch(() => undefined)
    }
  }

  /** Everything one-time of every pair goes: time jumped, so this may be a resumed machine. */
  function dropAll(): void {
    sessions.endWhere(() => true, 'unknown-session')
    for (const [wallet, pool] of pools) clear(wallet, pool)
  }

  function sweep(): void {
    sessions.sweep()
    const now = node.clock.monotonic()
    for (const [wallet, pool] of pools) {
      for (const presignature of [...pool.values()]) {
        if (presignature.expires <= now) remove(wallet, presignature)
      }
    }
  }

  return {
    sessions,
    add,
    discardUnheld,
    find,
    remove,
    makeRoom,
    burned,
    ended,
    dropAll,
    sweep,
    get count() {
      return count
    },
  }
}

export type Pairs = ReturnType<typeof createPairs>
