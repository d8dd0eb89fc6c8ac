// Which heavy steps run off the main thread, and what crosses to them? Bytes and handles; one-time states never do.

import type { AbortReason } from '@tercet/protocol/errors'
import type { KeyRecord, ReshareRecord } from '@tercet/protocol/key-record'
import type { OtReason } from '@tercet/protocol/messages'
import type { Party } from '@tercet/protocol/party'
import type { OfferedNewcomer, ShareId } from '@tercet/protocol/reshare'
import type { Signature, SigningInput } from '@tercet/protocol/sign'

/** Names a one-time state, or a loaded key, that stays in the engine. */
export type Handle = number

interface Sent {
  readonly handle: Handle
  /** The next message's exact body. */
  readonly send: Uint8Array
}
interface Opened extends Sent {
  /** The initiator's nonce, which names the session. */
  readonly nonce: Uint8Array
}
interface Received {
  readonly handle: Handle
  /** The peer's authenticated body. */
  readonly response: Uint8Array
}

export interface KeygenResult {
  /** Secret encodings, to be stored. */
  readonly share: Uint8Array
  readonly otSetup: Uint8Array
  readonly record: KeyRecord
  /** PoS_1 */
  readonly shareProof: Uint8Array
  /** The cosigner's signature on Tr, not verified yet. */
  readonly cosignerSignature: Uint8Array
}

/** Another recovery key, its proof for this device (65 bytes), and the claim (32 bytes) that allows it. */
export interface RecoveryKeyChange {
  /** K', 33 bytes */
  readonly recoveryKey: Uint8Array
  readonly recoveryProof: Uint8Array
  readonly authorisation: Uint8Array
}

export interface RefreshResult {
  /** Secret encodings, to be stored as pending. */
  readonly share: Uint8Array
  readonly otSetup: Uint8Array
  readonly record: KeyRecord
  /** PoS_1 */
  readonly shareProof: Uint8Array
  /** The cosigner's signature on Tr', not verified yet. */
  readonly cosignerSignature: Uint8Array
}

export interface NewcomerResult {
  /** Secret encoding, to be stored as pending. */
  readonly share: Uint8Array
  readonly record: KeyRecord
  /** PoS_1 */
  readonly shareProof: Uint8Array
  /** On Tr', not verified yet; the second is zero bytes where the recovery party did not deal. */
  readonly cosignerSignature: Uint8Array
  readonly dealerSignature: Uint8Array
}

/** What a device has dealt to others. */
export interface ReplaceResult {
  readonly record: ReshareRecord
  /** On Tr', not verified yet: the cosigner's that stays, or the recovery party's that dealt; zero bytes of one that leaves. */
  readonly responderSignature: Uint8Array
  /** Its new share, secret, and PoS_1; absent where the device itself is replaced. */
  readonly own?: { readonly share: Uint8Array; readonly shareProof: Uint8Array }
  /** `newcomer.req2` */
  readonly handover: Uint8Array
}

export interface PresignatureHandle {
  readonly handle: Handle
  readonly presigId: Uint8Array
}

/** Input and output of every step, by its name. */
export interface StepTypes {
  keygenStart: {
    in: {
      readonly idDevice: Uint8Array
      readonly idCosigner: Uint8Array
      /** K, 33 bytes */
      readonly recoveryKey: Uint8Array
      readonly recoveryProof: Uint8Array
      readonly policyHash: Uint8Array
    }
    out: Sent & { readonly sessionId: Uint8Array }
  }
  keygenOpen: { in: Received; out: Sent }
  keygenFinish: { in: Received; out: KeygenResult }
  loadKey: {
    in: {
      readonly share: Uint8Array
      readonly otSetup: Uint8Array
      readonly idDevice: Uint8Array
      readonly idCosigner: Uint8Array
    }
    out: Handle
  }
  otStart: { in: { readonly share: Uint8Array; readonly reason: OtReason }; out: Opened }
  otOpen: { in: Received; out: Sent }
  /** The new setup's secret encoding. */
  otFinish: { in: Received; out: Uint8Array }
  presignStart: { in: { readonly key: Handle; readonly batch: number }; out: Opened }
  presignFinish: { in: Received & { readonly batch: number }; out: Sent }
  presignAccept: { in: Received & { readonly batch: number }; out: readonly PresignatureHandle[] }
  freshStart: { in: { readonly key: Handle; readonly request: Uint8Array }; out: Opened }
  freshFinish: { in: Received & { readonly input: SigningInput }; out: Sent }
  /** Binds a presignature to one request for good. */
  request: { in: { readonly handle: Handle; readonly input: SigningInput }; out: Sent }
  /** Takes the first authenticated answer, well-formed or not. */
  combine: { in: Received; out: Signature }
  /** Takes the secret encoding of the present share with its record. K' stays K where no change is given. */
  refreshStart: {
    in: {
      readonly share: Uint8Array
      readonly record: KeyRecord
      readonly id: ShareId
      readonly change?: RecoveryKeyChange
    }
    out: Sent & { readonly sessionId: Uint8Array }
  }
  refreshOpen: { in: Received; out: Sent }
  refreshFinish: { in: Received; out: RefreshResult }
  /** A new device: its key for the share that it is to be handed. */
  newcomerOffer: {
    in: {
      /** `newcomer.req1` */
      readonly invitation: Uint8Array
      readonly identity: Uint8Array
    }
    out: { readonly handle: Handle; readonly sealKey: Uint8Array }
  }
  /** Takes `newcomer.req2`, the base epoch's record and K' where it changes. */
  newcomerAccept: {
    in: Received & { readonly base: KeyRecord; readonly recoveryKey?: Uint8Array }
    out: NewcomerResult
  }
  /** Takes the secret encoding of the present share with its record. */
  replaceStart: {
    in: {
      readonly share: Uint8Array
      readonly record: KeyRecord
      readonly id: ShareId
      readonly responder: Party
      readonly newcomer: OfferedNewcomer
      /** Hash of the claim; zero bytes where the operator's configuration, or the recovery party, decides. */
      readonly authorisation: Uint8Array
    }
    out: Sent & { readonly sessionId: Uint8Array }
  }
  replaceOpen: { in: Received; out: Sent }
  replaceFinish: { in: Received & { readonly baseKit: Uint8Array }; out: ReplaceResult }
  /** Checks `newcomer.res2`. */
  replaceAcknowledged: {
    in: { readonly record: ReshareRecord; readonly newcomer: 1 | 2; readonly response: Uint8Array }
    out: { readonly shareProof: Uint8Array; readonly signature: Uint8Array }
  }
  /** Forgets states and keys; absent handles are no error. */
  drop: { in: readonly Handle[]; out: undefined }
}

export type StepName = keyof StepTypes
export type Steps = { readonly [N in StepName]: (input: StepTypes[N]['in']) => StepTypes[N]['out'] }

/** Where the steps run. A step that throws has spent its state. */
export interface Engine {
  run<N extends StepName>(name: N, input: StepTypes[N]['in']): Promise<StepTypes[N]['out']>
  /** Ends the engine with every state in it. */
  close(): Promise<void>
}

/** An error on its way between threads. */
export type CrossedError =
  | { readonly name: 'Malformed'; readonly field: string }
  | { readonly name: 'ProtocolAbort'; readonly reason: AbortReason }
  | { readonly name: 'Misuse'; readonly message: string }
  | { readonly name: 'Error'; readonly message: string }

export interface Call<N extends StepName = StepName> {
  readonly id: number
  readonly name: N
  readonly input: StepTypes[N]['in']
}
/** `ready` once; then one reply a call. */
export type Reply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'result'; readonly id: number; readonly output: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: CrossedError }

/** A started worker, whatever the platform calls it. */
export interface Port {
  post(call: Call): void
  /** Called once, before the first message. */
  listen(onReply: (reply: Reply) => void, onFailure: (error: unknown) => void): void
  /** While nothing is awaited, the worker keeps no process alive. */
  hold(busy: boolean): void
  close(): Promise<void>
}
