// What does the package offer for new shares of the same key? (SPEC 5)

export { commit, confirm } from './commit.js'
export { accept, type NewcomerOffered, type NewcomerPins, offer } from './newcomer.js'
export type { Newcomer, ShareId } from './plan.js'
export type { RefreshedKey } from './refresh-common.js'
export { answerRefresh, type CosignerRefresh, dealRefresh, type RefreshAnswered } from './refresh-cosigner.js'
export {
  type DeviceRefresh,
  finishRefresh,
  openRefresh,
  type RecoveryKeyChange,
  type RefreshOpened,
  type RefreshStarted,
  startRefresh,
} from './refresh-device.js'
export type { ReplacedKey } from './replace-common.js'
export {
  checkAcknowledgement,
  finishReplace,
  type Handover,
  type InitiatorReplace,
  type OfferedNewcomer,
  openReplace,
  type ReplaceOpened,
  type ReplaceStarted,
  startReplace,
} from './replace-initiator.js'
export {
  answerReplace,
  dealReplace,
  type ReplaceAnswered,
  type ResponderReplace,
} from './replace-responder.js'
