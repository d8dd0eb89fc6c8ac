// What does the package offer for the epochs of a key? (SPEC 5.2, 5.3: who may commit what, as functions of plain data)

import * as cosignerFunctions from './cosigner.js'
import * as deviceFunctions from './device.js'
import * as joiningFunctions from './joining.js'
import * as leavingFunctions from './leaving.js'

/** The cosigner's side: `cosigner.prepare(state, asked, delay)` and so on. */
export const cosigner = cosignerFunctions
/** The side of a device, or of a recovery machine. */
export const device = deviceFunctions
/** The side of a node that takes a key over. */
export const joining = joiningFunctions
/** The side of a node that hands a key over. */
export const leaving = leavingFunctions
export type { Commit, Delay, Prepare } from './cosigner.js'
export type { Advice, Begin } from './device.js'
export type { HandOver, JoinCommit, JoinStep } from './joining.js'
export type { Configured, Leave } from './leaving.js'
export {
  type Announcement,
  type Answer,
  ATTEMPT_WINDOW,
  type CosignerEffect,
  type CosignerEpochs,
  type CosignerPending,
  type CosignerShare,
  type CosignerStep,
  type DeviceEffect,
  type DeviceEpochs,
  type DevicePending,
  type DeviceRole,
  type DeviceStep,
  type Holder,
  type JoiningEpochs,
  type RefusalReason,
  type Refused,
  type Released,
  type ReshareKind,
  type RetiredEpochs,
  type ShareId,
  sameId,
  type Transcript,
} from './state.js'
