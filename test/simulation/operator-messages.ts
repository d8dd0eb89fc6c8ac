// What do a device, a recovery, the old node and the new node say to one another? (SPEC 5.3, reduced to what decides)

import type { Holder, joining, leaving, ShareId, Transcript } from '@tercet/protocol/epochs'
import type { CosignerFunctions } from './cosigner-machine.js'
import type { DeviceFunctions } from './device-machine.js'

/** The old node and the new one. */
export type NodeName = 'O' | 'W'

/** Every message; `from` is the credential it is signed with. */
export type OperatorMail =
  | {
      readonly to: NodeName
      readonly type: 'prep'
      readonly kind: 'refresh' | 'replace' | 'operator'
      readonly id: ShareId
      readonly from: Holder
    }
  | {
      readonly to: NodeName
      readonly type: 'commit' | 'release' | 'hand-over'
      readonly id: ShareId
      readonly from: Holder
      readonly transcript: Transcript
    }
  | { readonly to: 'O'; readonly type: 'withdraw' | 'retire'; readonly id: ShareId }
  | {
      readonly to: 'W'
      readonly type: 'join'
      readonly id: ShareId
      readonly from: Holder
      readonly transcript: Transcript
      readonly consent: boolean
    }
  | { readonly to: 'W'; readonly type: 'abandon'; readonly id: ShareId; readonly from: Holder }
  | { readonly to: NodeName; readonly type: 'final'; readonly id: ShareId; readonly from: Holder }
  | {
      readonly to: Holder
      readonly type: 'prepared'
      readonly kind: 'refresh' | 'replace' | 'operator'
      readonly id: ShareId
      readonly transcript: Transcript
    }
  | {
      readonly to: Holder
      readonly type: 'ack' | 'released' | 'committed' | 'active' | 'unknown' | 'never' | 'retired'
      readonly id: ShareId
    }

/** The functions under test: the product's own, or a broken variant of them. */
export interface OperatorFunctions {
  readonly cosigner: CosignerFunctions
  readonly device: DeviceFunctions
  readonly joining: typeof joining
  readonly leaving: typeof leaving
}
