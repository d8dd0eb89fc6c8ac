// Does typed data as applications hold it become a payload that hashes to what their libraries hash?

import { interpret, type WalletKey } from '@tercet/chains/interpret'
import { G } from '@tercet/protocol/curve'
import { toBase64url } from '@tercet/wire/base64url'
import { hashTypedData, hexToBytes } from 'viem'
import { expect, it } from 'vitest'
import { typedDataRequest } from './typed-data.js'

const wallet: WalletKey = {
  keyId: new Uint8Array(32),
  publicKey: G,
  chainCode: new Uint8Array(32),
  transcript: new Uint8Array(32),
}
const to = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'
const Order = [
  { name: 'to', type: 'address' },
  { name: 'amounts', type: 'uint256[]' },
  { name: 'data', type: 'bytes' },
  { name: 'ok', type: 'bool' },
] as const
const message = { to, amounts: [1n, 2n ** 255n], data: '0x0102', ok: true } as const

it.each([
  ['without a domain type', {}],
  ['with its own domain type', { EIP712Domain: [{ name: 'name', type: 'string' }] }],
])('typed data %s', (_, domainType) => {
  const data = {
    types: { ...domainType, Order },
    primaryType: 'Order',
    domain: { name: 'Shop' },
    message,
  } as const
  const request = {
    walletId: toBase64url(wallet.keyId),
    path: 'm',
    chain: 'eip155:1',
    kind: 'evm-typed-data',
  }
  const { digest } = interpret({ ...request, payload: typedDataRequest(data) }, wallet)
  expect(digest.bytes).toEqual(hexToBytes(hashTypedData(data)))
})

it('bytes become hex, and what has no meaning in JSON is refused', () => {
  const rest = { types: {}, primaryType: 'A', domain: {} }
  expect(
    typedDataRequest({ ...rest, message: { b: Uint8Array.of(1, 255), absent: undefined } })['message'],
  ).toEqual({
    b: '0x01ff',
  })
  expect(() => typedDataRequest({ ...rest, message: () => 1 })).toThrow('payload')
})
