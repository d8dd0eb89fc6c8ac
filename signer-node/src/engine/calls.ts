// What crosses between the main thread and a worker? Bytes, names and failures: never a state, never a share in clear.

import type { AbortReason } from '@tercet/protocol/errors'

export interface WorkerSettings {
  readonly role: 'setup' | 'signing'
  readonly wrappingKey: Uint8Array
  readonly states: number
  readonly keys: number
}

export interface Call {
  readonly id: number
  readonly step: string
  readonly input: unknown
}

export type Failure =
  | { readonly name: 'Malformed'; readonly field: string }
  | { readonly name: 'ProtocolAbort'; readonly reason: AbortReason }
  | { readonly name: 'bug'; readonly where: string }

export interface Outcome {
  readonly id: number
  readonly result?: unknown
  readonly failure?: Failure
}
