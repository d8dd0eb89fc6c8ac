// What does a program need of the EVM beside the interpretation of a request?

export { evmAddress } from './address.js'
export { joinSignature } from './signature.js'
export { type RecoverableSignature, serializeSigned, transactionHash } from './transaction.js'
