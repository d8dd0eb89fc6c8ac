// What do both sides keep about the epochs of a key, and what do they say about it? (SPEC 5.2)

/** Names one reshare of a key and the shares it makes; no two reshares ever have the same. */
export interface ShareId {
  readonly epoch: number
  readonly attempt: number
}

/** Who may use a share, or act for it: base64url of an identity, opaque here. */
export type Holder = string

/** Tr of a reshare as text (base64url of 32 bytes), opaque here. */
export type Transcript = string

/**
 * What a reshare changes. `refresh`: nobody; `replace`: the device; `operator`: the cosigner, where this node is
 * the one that leaves. The messages of 5.3 call the last two kind replace and tell them by their newcomer.
 */
export type ReshareKind = 'refresh' | 'replace' | 'operator'

/** An attempt may exceed the highest one seen by this much, so that nobody can use up the numbers. */
export const ATTEMPT_WINDOW = 65_536

/** Whether two ids are the same. A missing one equals none. */
export function sameId(a: ShareId | null, b: ShareId | null): boolean {
  return a !== null && b !== null && a.epoch === b.epoch && a.attempt === b.attempt
}

/** Whether `attempt` is above `att`, and not far above. */
export function inWindow(att: number, attempt: number): boolean {
  return Number.isSafeInteger(attempt) && att < attempt && attempt <= att + ATTEMPT_WINDOW
}

/** A share that the cosigner holds, and for whom. The program's row adds the share, the proofs, Tr and signatures. */
export interface CosignerShare {
  readonly id: ShareId
  /** The credential that this share signs with. */
  readonly holder: Holder
  /** Who ran the reshare: the holder itself, or the recovery key's identity. It may repeat COMMIT. */
  readonly initiator: Holder
  readonly transcript: Transcript
}

/** A reshare that is prepared and not committed. */
export interface CosignerPending extends CosignerShare {
  readonly kind: ReshareKind
  readonly base: ShareId
  /** The identity of the next cosigner, for kind operator alone. */
  readonly successor: Holder | null
}

/** A claim that was announced and is neither done nor stopped: its delay runs, or has run. */
export interface Announcement {
  /** The new device's identity, named by the claim. */
  readonly newHolder: Holder
  /** Who runs the reshare, and nobody else: the recovery key's identity, or the device that is moved away from. */
  readonly initiator: Holder
  /** False when the claim was repeated with a second factor. */
  readonly vetoable: boolean
}

/** Everything that a cosigner decides with, of one key that it serves. All of it is durable. */
export interface CosignerEpochs {
  readonly act: CosignerShare
  readonly old: CosignerShare | null
  readonly pend: CosignerPending | null
  /** The highest attempt that was pending since the last commit. */
  readonly att: number
  readonly announced: readonly Announcement[]
  /** While set, the key is out of service here until its next cosigner has spoken. */
  readonly released: Released | null
  /** The operator change by which this node took the key over, kept for ever; null where keygen ran. */
  readonly joined: ShareId | null
}

/** What this node promised the next cosigner: to serve nothing any more. */
export interface Released {
  readonly id: ShareId
  readonly transcript: Transcript
  readonly successor: Holder
}

/** What a program does to its rows, in this order, in the transaction that stores the new state. */
export type CosignerEffect =
  | 'store-pend'
  | 'drop-pend'
  | 'act-becomes-old'
  | 'pend-becomes-act'
  | 'drop-act'
  | 'drop-old'

/** Says no, with what the other needs to go on. The reason is for the log and is not sent. */
export interface Refused {
  readonly type: 'refused'
  readonly id: ShareId
  readonly act: ShareId
  readonly old: ShareId | null
  readonly att: number
  readonly reason: RefusalReason
}
export type RefusalReason =
  | 'base'
  | 'old-kept'
  | 'epoch'
  | 'attempt'
  | 'replace-announced'
  | 'not-announced'
  | 'not-the-holder'
  | 'not-the-successor'
  | 'delay'
  | 'released'

/** What a node keeps of a key that it may take over and does not serve yet. */
export interface JoiningEpochs {
  readonly pend: CosignerShare | null
  /** The highest id that was handed to it: lower ones can never be committed here. */
  readonly seen: ShareId | null
}

/** What a node keeps of a key that it handed over: nothing to sign with. It answers `revoked` for ever. */
export interface RetiredEpochs {
  readonly retired: ShareId
  readonly successor: Holder
}

/** An answer that only echoes the id. */
export interface Answer<Type extends string> {
  readonly type: Type
  readonly id: ShareId
}

/** The state after an event, what to do with the rows, and what to answer. */
export interface CosignerStep<A> {
  readonly state: CosignerEpochs
  readonly answer: A
  readonly effects: readonly CosignerEffect[]
  /** Credentials to remove in the same transaction: they get nothing but `revoked` from then on. */
  readonly revoke: readonly Holder[]
}

/** A reshare that waits on the device. */
export interface DevicePending {
  readonly id: ShareId
  readonly transcript: Transcript
  readonly role: DeviceRole
}
/**
 * What a commit makes of this machine. `refresh`, `operator`, `operator-alone`: it holds the new share 1 and the old
 * one (`operator`: the old node deals; `operator-alone`: the recovery key instead); `newcomer`: it holds the new
 * share alone; `hand-over`: it ran the reshare and has no part in the new epoch (the device that is moved away from,
 * the recovery machine).
 */
export type DeviceRole = 'refresh' | 'operator' | 'operator-alone' | 'newcomer' | 'hand-over'

/** Everything that a device, or a recovery machine, decides with, of one key. All of it is durable. */
export interface DeviceEpochs {
  /** The share that signs; null before a newcomer's first commit, after a hand-over, and on a recovery machine. */
  readonly act: ShareId | null
  readonly pend: DevicePending | null
  /** Whether a commit of pend may have been asked for. */
  readonly commitSent: boolean
  /** The highest attempt used since the last commit, or heard of in a refusal. */
  readonly att: number
  /** The last PREP: answers to any other are stale. */
  readonly asked: ShareId | null
  /** The operator change whose old node has not yet confirmed that it deleted everything. */
  readonly retiring: ShareId | null
}

/** What a device does to its store, in this order, in the write that stores the new state. */
export type DeviceEffect = 'store-pend' | 'drop-pend' | 'pend-becomes-act' | 'drop-act'

/** The state after an event and what to do with the store; unchanged and empty when the event is ignored. */
export interface DeviceStep {
  readonly state: DeviceEpochs
  readonly effects: readonly DeviceEffect[]
}
