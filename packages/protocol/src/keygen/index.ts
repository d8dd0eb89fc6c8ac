// What does the package offer for key generation? (SPEC 1)

export type { KeygenParties, KeyMaterial } from './common.js'
export {
  answer,
  type CosignerAnswered,
  type CosignerDealt,
  type CosignerKeygen,
  confirm,
  deal,
} from './cosigner.js'
export { type DeviceKeygen, type DeviceOpened, type DeviceStarted, finish, open, start } from './device.js'
