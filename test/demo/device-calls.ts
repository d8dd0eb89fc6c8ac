// What does the demo ask of its device process, and what does the device answer? (over the process's private channel)
import type { JsonObject } from '@tercet/wire/canonical-json'
import type { RecoveryDelay } from '@tercet/wire/policy'

/** Input and output of every call, by its name. */
export interface DeviceCalls {
  /** Opens the encrypted file; the identity that a recovery key is registered for. */
  open: { in: { path: string; passphrase: string }; out: { identity: string; code: string } }
  create: {
    in: {
      node: string
      expectedIdentity: string
      publicKey: string
      proof: string
      recoveryDelaySeconds?: RecoveryDelay
    }
    out: {
      walletId: string
      address: `0x${string}`
      /** For the check at the end alone: what keygen drew for scalars (48 bytes each, hexadecimal). */
      draws: string[]
    }
  }
  /** Opens a wallet that is in the file. */
  reopen: { in: { walletId: string }; out: { address: `0x${string}` } }
  /** Becomes the device of a wallet, handed over through a folder. */
  join: {
    in: { folder: string; invitation: string; address: string }
    out: { walletId: string; address: `0x${string}` }
  }
  /** New shares of the same key. */
  refresh: { in: Record<string, never>; out: { address: `0x${string}` } }
  /** Keeps the receipt of a drill; when that was, in unix seconds. */
  keepDrill: { in: { receipt: string }; out: { time: number } }
  /** Goes over to another node, together with the recovery machine instead of the old node. */
  changeOperator: {
    in: { node: string; expectedIdentity: string; folder: string }
    out: { node: string; address: `0x${string}` }
  }
  /** Signs with the recovery machine, without any node. */
  leave: { in: { walletId: string; folder: string; unsigned: `0x${string}` }; out: SignedAnswer }
  /** Waits until presignatures are ready; how many. */
  ready: { in: Record<string, never>; out: { presignatures: number } }
  kit: { in: Record<string, never>; out: { kit: string } }
  pay: { in: { unsigned: `0x${string}` }; out: SignedAnswer }
  message: { in: { text: string }; out: SignedAnswer }
  typedData: { in: { typedData: JsonObject }; out: SignedAnswer }
  close: { in: Record<string, never>; out: Record<string, never> }
}

export interface SignedAnswer {
  /** A signed transaction, or r || s || v. */
  serialized: `0x${string}`
  mode: 'pool' | 'fresh'
  /** What the person is shown. */
  summary: string[]
}

export type DeviceCall = {
  [Name in keyof DeviceCalls]: { name: Name; input: DeviceCalls[Name]['in'] }
}[keyof DeviceCalls]

export type ToDevice = DeviceCall & { id: number }
export type FromDevice =
  | { id: number; output: DeviceCalls[keyof DeviceCalls]['out'] }
  | { id: number; error: string }
  | { progress: string }
