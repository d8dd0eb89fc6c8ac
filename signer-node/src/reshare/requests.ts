// What does a reshare ask for, and may it be prepared? Asked at Req1, and again where pend is stored. (SPEC 5.2, 5.3)

import { isZero } from '@tercet/protocol/bytes'
import { encodePoint } from '@tercet/protocol/curve'
import { cosigner, leaving, type RefusalReason, type ShareId, sameId } from '@tercet/protocol/epochs'
import { decodeMessage, MESSAGES, type MessageOf } from '@tercet/protocol/messages'
import { COSIGNER, DEVICE, type Party, RECOVERY } from '@tercet/protocol/party'
import { toBase64url } from '@tercet/wire/base64url'
import { verifyOffer } from '@tercet/wire/offer'
import { type Authorised, authorisationOf } from '../recovery/changes.js'
import type { Clocks } from '../recovery/state.js'
import { Refusal } from '../refusal.js'
import type { KeyState } from '../store/key-state.js'
import type { Caller } from './callers.js'

interface Common {
  readonly base: ShareId
  readonly id: ShareId
  /** base64url of who asks */
  readonly from: string
  /** K' as base64url */
  readonly recoveryKey: string
  /** Hash of the claim that stands behind it. */
  readonly claim: Uint8Array | undefined
}

/** Req1 as the guards see it. */
export type Asked = Common &
  (
    | { readonly kind: 'refresh'; readonly message: MessageOf<'refresh.req1'> }
    | {
        readonly kind: 'replace' | 'operator'
        readonly message: MessageOf<'replace.req1'>
        readonly newcomer: { readonly party: 1 | 2; readonly identity: Uint8Array }
      }
  )

/** Reads Req1, of whichever kind. @throws Malformed; Refusal `mismatch` for another key */
export function readRequest(body: Uint8Array, caller: Caller): Asked {
  if (body[1] !== MESSAGES['replace.req1'].type) {
    const message = decodeMessage('refresh.req1', body)
    return { ...commonOf(message, caller), kind: 'refresh', message }
  }
  const message = decodeMessage('replace.req1', body)
  const party = message.newcomer === 'device' ? DEVICE : COSIGNER
  const newcomer = { party, identity: message.newcomerIdentity } as const
  const kind = party === DEVICE ? 'replace' : 'operator'
  return { ...commonOf(message, caller), kind, message, newcomer }
}

function commonOf(
  message: MessageOf<'refresh.req1'> | MessageOf<'replace.req1'>,
  { keyId, identity: from }: Caller,
): Common {
  if (Buffer.compare(message.keyId, keyId) !== 0) throw new Refusal('mismatch', { field: 'keyId' })
  return {
    base: { epoch: message.baseEpoch, attempt: message.baseAttempt },
    id: { epoch: message.epoch, attempt: message.attempt },
    from,
    recoveryKey: toBase64url(encodePoint(message.recoveryKey)),
    claim: isZero(message.authorisation) ? undefined : message.authorisation,
  }
}

/** Whether this node's operator named that identity as its successor for a key. */
export type IsSuccessor = (keyId: Uint8Array, identity: Uint8Array) => boolean

/** The guard's answer, and what the authorisation allows. */
export interface Judged {
  /** Why it is not prepared; undefined where it is. */
  readonly refused: RefusalReason | undefined
  /** K' where another recovery key is authorised. */
  readonly recoveryKey: Uint8Array | undefined
  /** Which party runs it. */
  readonly initiator: Party
}

/**
 * Whether a reshare may be prepared now.
 * @throws Refusal `locked`; `denied` where the claim does not allow what is asked
 */
export function judge(
  { keyId, state }: Pick<Caller, 'keyId' | 'state'>,
  asked: Asked,
  clocks: Clocks,
  isSuccessor: IsSuccessor,
): Judged {
  const claim = asked.claim && authorisationOf(state, asked.claim, clocks)
  const initiator = asked.from === state.epochs.act.holder ? DEVICE : RECOVERY
  // Between device and cosigner a locked pair changes nothing: only the recovery share lifts the lock.
  const isOfPair = asked.kind !== 'replace' || claim?.kind === 'device-moved'
  if (state.locked && isOfPair) throw new Refusal('locked')
  const refused = refusalOf(keyId, state, asked, claim, isSuccessor)
  if (refused !== undefined) return { refused, recoveryKey: undefined, initiator }
  return { refused, recoveryKey: changedKey(state, asked, claim), initiator }
}

function refusalOf(
  keyId: Uint8Array,
  { epochs }: KeyState,
  asked: Asked,
  claim: Authorised | undefined,
  isSuccessor: IsSuccessor,
): RefusalReason | undefined {
  const { base, id, from } = asked
  switch (asked.kind) {
    case 'refresh': {
      const prepare = { kind: 'refresh', base, id, from, newHolder: from } as const
      return cosigner.refusal(epochs, prepare, { delayOver: true })?.reason
    }
    case 'replace': {
      const newHolder = toBase64url(asked.newcomer.identity)
      const delayOver = claim?.newDevice != null && toBase64url(claim.newDevice) === newHolder
      return cosigner.refusal(epochs, { kind: 'replace', base, id, from, newHolder }, { delayOver })?.reason
    }
    case 'operator': {
      const { identity } = asked.newcomer
      const leave = { base, id, from, successor: toBase64url(identity) }
      return leaving.refusal(epochs, leave, { isSuccessor: isSuccessor(keyId, identity) })?.reason
    }
  }
}

/** K' where it is another one than K, which a claim must name. @throws Refusal `denied` */
function changedKey(
  { recoveryKey }: KeyState,
  asked: Asked,
  claim: Authorised | undefined,
): Uint8Array | undefined {
  const named = claim?.newRecoveryKey ?? undefined
  if (asked.kind === 'refresh' && asked.claim !== undefined && claim?.kind !== 'recovery-key') {
    throw new Refusal('denied', { field: 'authorisation' })
  }
  if (named === undefined && asked.recoveryKey === recoveryKey) return undefined
  if (named === undefined || toBase64url(named) !== asked.recoveryKey) {
    throw new Refusal('denied', { field: 'recoveryKey' })
  }
  return named
}

/** The share of the base, act or old, with its transcript as base64url. */
export function transcriptOfBase({ epochs }: KeyState, base: ShareId): string | undefined {
  return [epochs.act, epochs.old].find((share) => sameId(share?.id ?? null, base))?.transcript
}

/** Whether the newcomer itself made the key that its sub-shares are sealed to. (SPEC 5.3) */
export function isOffered(
  keyId: Uint8Array,
  transcriptBase: Uint8Array,
  id: ShareId,
  message: MessageOf<'replace.req1'>,
): Promise<boolean> {
  const party = message.newcomer === 'device' ? DEVICE : COSIGNER
  const { newcomerIdentity, newcomerSignature, newcomerSealKey } = message
  const terms = { keyId, transcriptBase, ...id, party, sealKey: newcomerSealKey } as const
  return verifyOffer(newcomerIdentity, terms, newcomerSignature)
}
