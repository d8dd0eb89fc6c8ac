// What does the package offer for key generation? (SPEC 1)

export {
  answer,
  type CosignerAnswered,
  type CosignerDealt,
  type CosignerKeygen,
  confirm,
  deal,
} from './cosigner.js'
export type { KeygenParties, KeyMaterial } from './dealing.js'
export { type DeviceKeygen, type DeviceOpened, type DeviceStarted, finish, open, start } from './device.js'
