// How does an epoch end: FINAL, an old cosigner that lets go, a new one that gives up, a node that answers something else? (SPEC 5.2, 5.3)

import { ProtocolAbort } from '@tercet/protocol/errors'
import type { ReshareRecord } from '@tercet/protocol/key-record'
import { decodeMessage, encodeMessage, type MessageName, type MessageOf } from '@tercet/protocol/messages'
import { TH, u64be } from '@tercet/protocol/transcript'
import type { Identity } from './fixture.js'
import { releaseValue, requireId, requireNothing, requireSignature } from './reshare-programs.js'

/** What the judges object to. */
export type Judge = readonly string[]

/** The messages of a session: the honest body, and what becomes of another in its place. */
export type Recorded = readonly (readonly [
  message: MessageName,
  body: Uint8Array,
  deliver: (body: Uint8Array) => Judge,
])[]

/** The parties afterwards, and the cosigner before. */
interface People {
  readonly cosigner: Identity
  readonly before: Identity
}

/** Every message that carries an id and what somebody signed of it. */
export function endings(record: ReshareRecord, { cosigner, before }: People): Recorded {
  const { epoch, attempt, keyId, transcript } = record
  const id = { epoch, attempt }
  const active = TH('sig/active', keyId, transcript)
  const never = TH('sig/never', keyId, u64be(epoch), u64be(attempt))
  const release = releaseValue(record)
  const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.from(a).equals(b)
  const requireSame = (value: Uint8Array): void => {
    if (!same(value, transcript)) throw new ProtocolAbort('transcript')
  }

  const onFinal = (body: Uint8Array): Judge => {
    const message = decodeMessage('reshare.req4', body)
    return onFinished(encodeMessage('reshare.res4', message))
  }
  const onFinished = (body: Uint8Array): Judge => named(decodeMessage('reshare.res4', body))
  const onStatus = (body: Uint8Array): Judge => named(decodeMessage('reshare.status', body))
  const named = (message: { epoch: number; attempt: number }): Judge => {
    requireId(id, message)
    return []
  }
  const onRetire = (body: Uint8Array): Judge => {
    const message = decodeMessage('reshare.retire', body)
    requireId(id, message)
    if (!same(message.cosigner, cosigner.id)) throw new ProtocolAbort('newcomer')
    requireSame(message.transcript)
    requireSignature(cosigner.id, active, message.active)
    return []
  }
  const onRelease = (body: Uint8Array): Judge => {
    const message = decodeMessage('reshare.release', body)
    requireId(id, message)
    requireSame(message.transcript)
    return onReleased(released)
  }
  const onReleased = (body: Uint8Array): Judge => {
    const message = decodeMessage('reshare.released', body)
    requireId(id, message)
    requireSignature(before.id, release, message.release)
    return []
  }
  const onWithdraw = (body: Uint8Array): Judge => {
    const message = decodeMessage('reshare.withdraw', body)
    requireId(id, message)
    requireSignature(cosigner.id, never, message.never)
    return onWithdrawn(encodeMessage('reshare.withdrawn', id))
  }
  const onWithdrawn = (body: Uint8Array): Judge => named(decodeMessage('reshare.withdrawn', body))
  const onAbandon = (body: Uint8Array): Judge => {
    const message = decodeMessage('newcomer.abandon', body)
    if (!same(message.keyId, keyId)) throw new ProtocolAbort('context')
    return onAbandoned(encodeMessage('newcomer.status', { ...became, ...message }))
  }
  const onAbandoned = (body: Uint8Array): Judge => {
    const message = decodeMessage('newcomer.status', body)
    requireId(id, message)
    requireWord(message)
    return []
  }
  const requireWord = ({ status, transcript, signature }: MessageOf<'newcomer.status'>): void => {
    if (status === 'committed') {
      requireSame(transcript)
      requireSignature(cosigner.id, active, signature)
      return
    }
    requireNothing(transcript)
    if (status === 'never') requireSignature(cosigner.id, never, signature)
    else requireNothing(signature)
  }

  const released = encodeMessage('reshare.released', { ...id, release: before.sign(release) })
  const became = { ...id, status: 'committed', transcript, signature: cosigner.sign(active) } as const
  const unknown = {
    ...id,
    status: 'unknown',
    actEpoch: 0,
    actAttempt: 0,
    hasOld: 'no',
    oldEpoch: 0,
    oldAttempt: 0,
    att: attempt,
  } as const
  const retire = { ...id, cosigner: cosigner.id, transcript, active: cosigner.sign(active) }
  return [
    ['reshare.req4', encodeMessage('reshare.req4', id), onFinal],
    ['reshare.res4', encodeMessage('reshare.res4', id), onFinished],
    ['reshare.status', encodeMessage('reshare.status', unknown), onStatus],
    ['reshare.retire', encodeMessage('reshare.retire', retire), onRetire],
    ['reshare.release', encodeMessage('reshare.release', { ...id, transcript }), onRelease],
    ['reshare.released', released, onReleased],
    [
      'reshare.withdraw',
      encodeMessage('reshare.withdraw', { ...id, never: cosigner.sign(never) }),
      onWithdraw,
    ],
    ['reshare.withdrawn', encodeMessage('reshare.withdrawn', id), onWithdrawn],
    ['newcomer.abandon', encodeMessage('newcomer.abandon', { keyId, ...id }), onAbandon],
    ['newcomer.status', encodeMessage('newcomer.status', became), onAbandoned],
  ]
}
