import { Malformed } from '@tercet/protocol/errors'
import { expect, test } from 'vitest'
import { toBase64url } from './base64url.js'
import { decodeNotice, encodeNotice, type Notice } from './notice.js'

const notice: Notice = {
  version: 1,
  event: 'recovery-claimed',
  walletId: toBase64url(new Uint8Array(32).fill(7)),
  claimHash: new Uint8Array(32).fill(8),
  kind: 'device-lost',
  newDevice: new Uint8Array(34).fill(9),
  delaySeconds: 86_400,
  time: 1_800_000_000,
}

test('a notice comes back', () => {
  expect(decodeNotice(encodeNotice(notice))).toEqual(notice)
  const other: Notice = { ...notice, kind: 'recovery-key', newDevice: null, event: 'recovery-done' }
  expect(decodeNotice(encodeNotice(other))).toEqual(other)
  const text = new TextDecoder().decode(encodeNotice(notice)).replace('recovery-claimed', 'recovery-claim')
  expect(() => decodeNotice(new TextEncoder().encode(text))).toThrow(new Malformed('notice.event'))
})
