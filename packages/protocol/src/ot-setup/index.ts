// What does the package offer for OT setups? (SPEC 2)

export { decodeOtSetup, encodeOtSetup, type OtSetup } from './material.js'
export {
  answer,
  confirm,
  finish,
  open,
  type RenewAnswered,
  type RenewOpened,
  type RenewStarted,
  type SetupPair,
  start,
} from './renew.js'
