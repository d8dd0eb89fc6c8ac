// Do codes that people carry by hand come back as they were, and does a slip of the pen show?
import { encodePoint, mulBase } from '@tercet/protocol/curve'
import { beforeAll, expect, it } from 'vitest'
import { generateIdentity, recoveryIdentity } from './identity.js'
import {
  decodeInvitation,
  decodeJoinCode,
  encodeInvitation,
  encodeJoinCode,
  type Invitation,
} from './join-code.js'

let identity: Uint8Array
let invitation: Invitation
beforeAll(async () => {
  identity = (await generateIdentity()).publicIdentity
  const recoveryKey = encodePoint(mulBase(5n))
  invitation = {
    keyId: new Uint8Array(32).fill(9),
    publicKey: encodePoint(mulBase(3n)),
    recoveryKey,
    nextRecoveryKey: encodePoint(mulBase(7n)),
    cosigner: identity,
    from: recoveryIdentity(recoveryKey),
  }
})

it('are read as they were written', () => {
  expect(decodeJoinCode(` ${encodeJoinCode(identity)}\n`)).toEqual(identity)
  expect(decodeInvitation(encodeInvitation(invitation))).toEqual(invitation)
})

it('are refused with any one letter changed, left out or added', () => {
  for (const [code, read] of [
    [encodeJoinCode(identity), decodeJoinCode],
    [encodeInvitation(invitation), decodeInvitation],
  ] as const) {
    for (let at = 0; at < code.length; at++) {
      const other = code[at] === 'A' ? 'B' : 'A'
      expect(() => read(code.slice(0, at) + other + code.slice(at + 1)), `letter ${at}`).toThrow('malformed')
    }
    expect(() => read(code.slice(1))).toThrow('malformed')
    expect(() => read(`${code}A`)).toThrow('malformed')
  }
})
