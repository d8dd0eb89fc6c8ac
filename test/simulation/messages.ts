// What do the machines of the search say to one another? (SPEC 5.2, 5.3, reduced to what decides)

import type { Holder, ShareId, Transcript } from '@tercet/protocol/epochs'

/** Every message; `from` is the credential it is signed with. */
export type Mail =
  | {
      readonly to: 'C'
      readonly type: 'prep'
      readonly kind: 'refresh' | 'replace'
      /** Of a refresh; a replace is tried with every base that exists. */
      readonly base: ShareId | null
      readonly id: ShareId
      readonly from: Holder
      readonly newHolder: Holder
    }
  | {
      readonly to: 'C'
      readonly type: 'commit'
      readonly id: ShareId
      readonly from: Holder
      readonly transcript: Transcript
    }
  | { readonly to: 'C'; readonly type: 'final' | 'ask'; readonly id: ShareId; readonly from: Holder }
  | {
      readonly to: Holder
      readonly type: 'prepared'
      readonly kind: 'refresh' | 'replace'
      readonly id: ShareId
      readonly transcript: Transcript
    }
  | {
      readonly to: Holder
      readonly type: 'hand-over'
      readonly id: ShareId
      readonly transcript: Transcript
    }
  | { readonly to: Holder; readonly type: 'refused'; readonly id: ShareId; readonly att: number }
  | { readonly to: Holder; readonly type: 'committed' | 'unknown' | 'ack'; readonly id: ShareId }

/** How many epochs and attempts a search has. */
export interface Bounds {
  readonly epochs: number
  readonly attempts: number
}

/** Every id within the bounds, the first share's too. */
export function ids({ epochs, attempts }: Bounds): ShareId[] {
  const all: ShareId[] = [{ epoch: 0, attempt: 0 }]
  for (let epoch = 1; epoch <= epochs; epoch++) {
    for (let attempt = 1; attempt <= attempts; attempt++) all.push({ epoch, attempt })
  }
  return all
}

/** Writes an id as people do. */
export const text = (id: ShareId): string => `${id.epoch}.${id.attempt}`
