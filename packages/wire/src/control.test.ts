import { Malformed } from '@tercet/protocol/errors'
import { describe, expect, test } from 'vitest'
import {
  decodeHealth,
  decodeIdentityDocument,
  encodeHealth,
  encodeIdentityDocument,
  type IdentityDocument,
} from './control.js'

const value: IdentityDocument = {
  version: 1,
  suite: 'secp256k1',
  protocolVersion: 1,
  identity: Uint8Array.of(1, 2, ...new Uint8Array(32).fill(4)),
  address: 'https://node.example',
  policyHash: new Uint8Array(32).fill(3),
  time: 1_800_000_000,
}
const text = new TextDecoder().decode(encodeIdentityDocument(value))
const decode = (document: string) => decodeIdentityDocument(new TextEncoder().encode(document))

describe('control documents', () => {
  test('identity comes back', () => {
    expect(decode(text)).toEqual(value)
  })

  test.each([
    ['identity.suite', text.replace('secp256k1', 'ed25519')],
    ['identity.identity', text.replace('"identity":"AQ', '"identity":"')],
    ['identity.time', text.replace('"1800000000"', '1800000000')],
    ['identity.time', text.replace('"1800000000"', '"9999999999999999"')],
    ['identity.time', text.replace('"1800000000"', '"018"')],
    ['identity', text.replace('{', '{ ')],
    ['identity', text.replace('}', ',"x":1}')],
  ])('names %s (%#)', (field, document) => {
    expect(() => decode(document)).toThrow(new Malformed(field))
  })

  test('health', () => {
    for (const status of ['ok', 'draining', 'unavailable'] as const) {
      expect(decodeHealth(encodeHealth({ status }))).toEqual({ status })
    }
    expect(() => decodeHealth(new TextEncoder().encode('{"status":"fine"}'))).toThrow(Malformed)
  })
})
