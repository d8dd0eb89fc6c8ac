// Is the chain of an unsigned transaction read as other libraries write it, and a draft completed as it should be?

import { Malformed } from '@tercet/protocol/errors'
import { decodeRequest, encodeRequest } from '@tercet/wire/request'
import { serializeTransaction } from 'viem'
import { describe, expect, it } from 'vitest'
import { fromHex } from './hex.js'
import { chainOf, chainOfDomain, completeDraft } from './requests.js'

const to = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'
const long = `0x${'ab'.repeat(70_000)}` as const

describe('chainOf', () => {
  it.each([1, 127, 128, 31_337, 11_155_111, 2 ** 40])('finds chain %i in every type', (chainId) => {
    for (const data of ['0x', '0xab', long] as const) {
      const common = { chainId, to, nonce: 300, gas: 21_000n, value: 10n ** 18n, data } as const
      const transactions = [
        serializeTransaction({ ...common, type: 'legacy', gasPrice: 10n ** 9n }),
        serializeTransaction({ ...common, type: 'eip2930', gasPrice: 10n ** 9n, accessList: [] }),
        serializeTransaction({ ...common, type: 'eip1559', maxFeePerGas: 10n ** 9n }),
      ]
      for (const unsigned of transactions) expect(chainOf(fromHex(unsigned, 'tx'))).toBe(`eip155:${chainId}`)
    }
  })

  it('refuses what ends too early or is no list, and names no value', () => {
    const whole = fromHex(serializeTransaction({ chainId: 1, type: 'legacy', gasPrice: 1n, nonce: 1 }), 'tx')
    for (let length = 0; length < whole.length - 3; length++) {
      expect(() => chainOf(whole.subarray(0, length))).toThrow(Malformed)
    }
    for (const bytes of [[], [0x02], [0x02, 0xc0], [0x80], [0x05, 0xc1, 0x01], [0xf8]]) {
      expect(() => chainOf(Uint8Array.from(bytes))).toThrow(Malformed)
    }
  })
})

it('typed data is of the chain in its domain', () => {
  expect(chainOfDomain({ domain: { chainId: 137 } })).toBe('eip155:137')
  expect(chainOfDomain({ domain: { chainId: '10' } })).toBe('eip155:10')
  expect(chainOfDomain({ domain: {} })).toBe('eip155:1')
})

describe('completeDraft', () => {
  const walletId = 'A'.repeat(43)
  const random = (length: number) => new Uint8Array(length).fill(7)

  it('fills in path, id and five minutes, and keeps what is given', () => {
    const draft = { kind: 'evm-message', chain: 'eip155:1', payload: 'AA' } as const
    const request = completeDraft(draft, walletId, 1_000_500, random)
    expect(request).toEqual({
      ...draft,
      walletId,
      path: 'm/0/0',
      id: 'BwcHBwcHBwcHBwcHBwcHBw',
      expiresAt: '1300',
    })
    expect(decodeRequest(encodeRequest(request))).toEqual(request)
    const given = { ...draft, path: 'm/1', id: 'mine', expiresAt: 5 }
    expect(completeDraft(given, walletId, 0, random)).toEqual({ ...given, walletId, expiresAt: '5' })
  })

  it('gives a self-test no path and no payload', () => {
    expect(completeDraft({ kind: 'self-test', path: 'm/5' }, walletId, 0, random)).toMatchObject({
      path: 'm',
      payload: '',
      chain: 'none',
    })
  })
})
