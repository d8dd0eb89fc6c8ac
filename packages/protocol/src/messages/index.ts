// What does the package offer for messages? (SPEC 0.3)

export { MAX_BATCH } from '../oblivious/parameters.js'
export { decodeMessage, encodeMessage, messageLength } from './codec.js'
export type { FieldSpec, MessageSpec } from './fields.js'
export {
  type FieldsOf,
  MAX_REQUEST_BYTES,
  MESSAGES,
  type MessageName,
  type MessageOf,
  type OtReason,
  type PointList,
} from './registry.js'
export { MAX_ADDRESS_BYTES, MAX_KIT_BYTES } from './reshare.js'
