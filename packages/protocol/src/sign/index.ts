// What does the package offer for signing? (SPEC 4.4)

export { combine, finishFresh, type Requested, request, type Signature } from './combine.js'
export { assertView, childKey, type Digest, digest, type SigningInput, view } from './input.js'
export { release } from './release.js'
