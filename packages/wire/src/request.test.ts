import { Malformed } from '@tercet/protocol/errors'
import { describe, expect, test } from 'vitest'
import { toBase64url } from './base64url.js'
import { decodeRequest, encodeRequest, requestHash, type SigningRequest } from './request.js'

const walletId = toBase64url(new Uint8Array(32).fill(7))
const common = { id: 'req-1', walletId, path: 'm/0/0', chain: 'eip155:1', expiresAt: '1800000000' }
const transaction: SigningRequest = { ...common, kind: 'evm-transaction', payload: 'AvgB' }
const requests: SigningRequest[] = [
  transaction,
  { ...common, kind: 'evm-message', payload: '' },
  {
    ...common,
    kind: 'evm-typed-data',
    payload: { types: {}, domain: { chainId: 1 }, message: {}, primaryType: 'A' },
  },
  { ...common, path: 'm', chain: 'none', kind: 'self-test', payload: '' },
  { ...common, chain: 'none', kind: 'raw-digest', payload: toBase64url(new Uint8Array(32)) },
]

const encode = (value: unknown) => encodeRequest(value as SigningRequest)

describe('request', () => {
  test.each(requests)('$kind comes back', (request) => {
    expect(decodeRequest(encodeRequest(request))).toEqual(request)
  })

  test('members are sorted and the hash covers the bytes', () => {
    const bytes = encodeRequest(transaction)
    expect(new TextDecoder().decode(bytes)).toBe(
      `{"chain":"eip155:1","expiresAt":"1800000000","id":"req-1","kind":"evm-transaction","path":"m/0/0","payload":"AvgB","walletId":"${walletId}"}`,
    )
    expect(requestHash(bytes)).toHaveLength(32)
    expect(requestHash(bytes)).not.toEqual(requestHash(encodeRequest({ ...transaction, id: 'req-2' })))
  })

  const bad: [string, unknown][] = [
    ['request.id', { ...transaction, id: '' }],
    ['request.id', { ...transaction, id: 'a'.repeat(65) }],
    ['request.id', { ...transaction, id: 'a b' }],
    ['request.walletId', { ...transaction, walletId: walletId.slice(1) }],
    ['request.walletId', { ...transaction, walletId: `${walletId.slice(0, 42)}B` }],
    ['request.path', { ...transaction, path: '' }],
    ['request.path', { ...transaction, path: "m/0'" }],
    ['request.path', { ...transaction, path: 'm/00' }],
    ['request.path', { ...transaction, path: 'm/' }],
    ['request.path', { ...transaction, path: 'm/2147483648' }],
    ['request.path', { ...transaction, path: 'm/0/0/0/0/0/0' }],
    ['request.path', { ...transaction, path: 'm/0\n' }],
    ['request.chain', { ...transaction, chain: 'none' }],
    ['request.chain', { ...transaction, chain: 'eip155:01' }],
    ['request.chain', { ...transaction, chain: 'bip122:000000000019d6689c085ae165831e93' }],
    ['request.kind', { ...transaction, kind: 'evm' }],
    ['request.payload', { ...transaction, payload: '' }],
    ['request.payload', { ...transaction, payload: '+x02' }],
    ['request.payload', { ...transaction, payload: 'AB' }],
    ['request.payload', { ...transaction, payload: 'A' }],
    ['request.payload', { ...transaction, payload: 'AA=' }],
    ['request.payload', { ...transaction, payload: {} }],
    ['request.payload', { ...requests[2], payload: 'e30' }],
    ['request.payload', { ...requests[2], payload: [] }],
    ['request.payload', { ...requests[2], payload: null }],
    ['request.payload', { ...requests[3], payload: 'AA' }],
    ['request.path', { ...requests[3], path: 'm/0' }],
    ['request.chain', { ...requests[3], chain: 'eip155:1' }],
    ['request.payload', { ...requests[4], payload: 'AAAA' }],
    ['request.expiresAt', { ...transaction, expiresAt: 1800000000 }],
    ['request.expiresAt', { ...transaction, expiresAt: '01' }],
    ['request.expiresAt', { ...transaction, expiresAt: '-1' }],
    ['request', { ...transaction, digest: 'AA' }],
    ['request.payload.message.amount', { ...requests[2], payload: { message: { amount: 1.5 } } }],
  ]
  test.each(bad)('names %s (%#)', (field, value) => {
    expect(() => encode(value)).toThrow(new Malformed(field))
  })

  test('a missing member is named', () => {
    const { expiresAt: _, ...rest } = transaction
    expect(() => encode(rest)).toThrow(new Malformed('request.expiresAt'))
  })

  test('refuses another spelling and more than 64 kB', () => {
    const text = new TextDecoder().decode(encodeRequest(transaction))
    expect(() => decodeRequest(new TextEncoder().encode(` ${text}`))).toThrow(Malformed)
    expect(() => encode({ ...transaction, payload: 'A'.repeat(65_536) })).toThrow(Malformed)
  })
})
