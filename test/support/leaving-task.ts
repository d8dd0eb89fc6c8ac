// What is a device told that signs without its node, and what does it say of it?

/** One run of the program `leaving`: a device and, beside it, the recovery program as a process of its own. */
export interface LeavingTask {
  readonly file: string
  readonly walletId: string
  readonly kit: string
  readonly key: string
  /** A folder, or `loopback`. */
  readonly link: string
  /** Addresses that must be out of reach. */
  readonly outside: readonly string[]
  /** Unsigned transaction, hexadecimal. */
  readonly transaction: `0x${string}`
  readonly messages: readonly string[]
}

/** What it prints at its end, as one line of JSON. */
export interface LeavingReport {
  /** Network interfaces that it sees. */
  readonly interfaces: readonly string[]
  /** How each address of the task answered: an error's code, or `reached`. */
  readonly outside: readonly string[]
  readonly address: `0x${string}`
  readonly serialized: `0x${string}`
  readonly messages: readonly { readonly text: string; readonly serialized: `0x${string}` }[]
  /** What the device shows of the transaction. */
  readonly summary: readonly string[]
  /** What the recovery program showed before it signed. */
  readonly shown: string
  /** The recovery program's report. */
  readonly recovery: { readonly ok: boolean; readonly signed: readonly unknown[] }
}

export const PASSPHRASES = {
  device: 'leaving: device',
  recovery: 'leaving: recovery',
  key: 'leaving: key',
} as const
