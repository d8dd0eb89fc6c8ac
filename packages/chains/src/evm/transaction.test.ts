// Do we read exactly the transactions that others write, and refuse everything else?

import { decodePoint } from '@tercet/protocol/curve'
import { Malformed, Misuse } from '@tercet/protocol/errors'
import {
  concat,
  encodeRlp,
  getBytes,
  hexlify,
  SigningKey,
  Transaction,
  type TransactionLike,
  Wallet,
} from 'ethers'
import fc from 'fast-check'
import { parseTransaction, serializeTransaction } from 'viem/utils'
import { describe, expect, it } from 'vitest'
import { evmAddress } from './address.js'
import { readTransaction, serializeSigned, transactionHash } from './transaction.js'

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const hexOf = (length: number) => bytesOf(length).map((b) => hexlify(b))
const uint = (bits: number) => fc.oneof(fc.bigInt(0n, 300n), fc.bigInt(0n, 2n ** BigInt(bits) - 1n))

/** A transaction as ethers writes it: every type, with and without recipient, data and access list. */
const transactions: fc.Arbitrary<TransactionLike> = fc
  .record({
    type: fc.constantFrom(0, 1, 2),
    chainId: fc.oneof(fc.constantFrom(1n, 31337n), fc.bigInt(1n, 2n ** 62n)),
    nonce: fc.nat(2 ** 31 - 1),
    gasLimit: uint(64),
    fees: fc.tuple(uint(255), uint(255)),
    to: fc.option(hexOf(20)),
    value: uint(256),
    data: fc.uint8Array({ maxLength: 300 }).map((b) => hexlify(b)),
    accessList: fc.array(
      fc.record({ address: hexOf(20), storageKeys: fc.array(hexOf(32), { maxLength: 3 }) }),
      {
        maxLength: 3,
      },
    ),
  })
  .map(({ type, fees: [a, b], accessList, ...common }) => {
    if (type === 0) return { ...common, type, gasPrice: a }
    if (type === 1) return { ...common, type, gasPrice: a, accessList }
    return { ...common, type, accessList, maxPriorityFeePerGas: a < b ? a : b, maxFeePerGas: a < b ? b : a }
  })

function fieldOf(run: () => unknown): string | undefined {
  try {
    run()
  } catch (error) {
    if (error instanceof Malformed) return error.field
    throw error
  }
  return undefined
}

describe('EIP-155 example', () => {
  // https://eips.ethereum.org/EIPS/eip-155 (CC0), section "Example"
  const key = new SigningKey(`0x${'46'.repeat(32)}`)
  const unsigned = getBytes(
    '0xec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080',
  )

  it('has the published digest and facts', () => {
    const { digest, facts } = readTransaction(unsigned, 1n)
    expect(hexlify(digest)).toBe('0xdaf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53')
    expect(facts).toEqual({
      kind: 'evm-transaction',
      chainId: '1',
      transactionType: 'legacy',
      nonce: '9',
      to: '0x3535353535353535353535353535353535353535',
      contractCreation: false,
      value: '1000000000000000000',
      selector: null,
      call: null,
      dataLength: 0,
      data: '0x',
      gasLimit: '21000',
      maxFeePerGas: '20000000000',
      maxPriorityFeePerGas: '20000000000',
      maxFee: '420000000000000',
      accessList: [],
    })
  })

  it('has the published signed form', () => {
    const { r, s, yParity } = key.sign(readTransaction(unsigned, 1n).digest)
    const signed = serializeSigned(unsigned, { r: BigInt(r), s: BigInt(s), recoveryId: yParity })
    expect(signed).toBe(
      '0xf86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83',
    )
    expect(Transaction.from(signed).from).toBe(
      evmAddress(decodePoint(getBytes(key.compressedPublicKey), 'key')),
    )
  })

  it('refuses recovery ids that the EVM cannot express', () => {
    expect(() => serializeSigned(unsigned, { r: 1n, s: 1n, recoveryId: 2 })).toThrow(Misuse)
  })
})

describe('against ethers and viem', () => {
  it('reads every field of what ethers writes, and signs to the same bytes', async () => {
    await fc.assert(
      fc.asyncProperty(transactions, hexOf(32), async (like, secret) => {
        fc.pre(BigInt(secret) > 0n && BigInt(secret) < 2n ** 255n)
        const wallet = new Wallet(secret)
        const theirs = Transaction.from(like)
        const unsigned = getBytes(theirs.unsignedSerialized)
        const { digest, facts } = readTransaction(unsigned, theirs.chainId)
        expect(hexlify(digest)).toBe(theirs.unsignedHash)
        expect(facts.to).toBe(theirs.to)
        expect(facts.contractCreation).toBe(theirs.to === null)
        expect(facts.nonce).toBe(String(theirs.nonce))
        expect(facts.value).toBe(String(theirs.value))
        expect(facts.data).toBe(theirs.data)
        expect(facts.dataLength).toBe(getBytes(theirs.data).length)
        expect(facts.gasLimit).toBe(String(theirs.gasLimit))
        expect(facts.maxFeePerGas).toBe(String(theirs.maxFeePerGas ?? theirs.gasPrice))
        expect(facts.maxPriorityFeePerGas).toBe(String(theirs.maxPriorityFeePerGas ?? theirs.gasPrice))
        expect(facts.accessList).toEqual((theirs.accessList ?? []).map((entry) => entry.address))

        const { r, s, yParity } = wallet.signingKey.sign(digest)
        const signed = serializeSigned(unsigned, { r: BigInt(r), s: BigInt(s), recoveryId: yParity })
        expect(signed).toBe(await wallet.signTransaction(like))
        expect(transactionHash(signed)).toBe(Transaction.from(signed).hash)
        expect(Transaction.from(signed).from).toBe(wallet.address)
        // A signed transaction is not an unsigned one.
        expect(fieldOf(() => readTransaction(getBytes(signed), theirs.chainId))).toBeDefined()
      }),
      { numRuns: 150 },
    )
  })

  it('refuses every truncation, extension and other chain', () => {
    fc.assert(
      fc.property(transactions, bytesOf(1), (like, extra) => {
        const unsigned = getBytes(Transaction.from(like).unsignedSerialized)
        const chainId = BigInt(like.chainId ?? 0)
        for (let length = 0; length < unsigned.length; length++) {
          expect(fieldOf(() => readTransaction(unsigned.subarray(0, length), chainId))).toBeDefined()
        }
        expect(fieldOf(() => readTransaction(getBytes(concat([unsigned, extra])), chainId))).toBeDefined()
        expect(fieldOf(() => readTransaction(unsigned, chainId + 1n))).toBe('payload.chainId')
      }),
      { numRuns: 40 },
    )
  })

  it('accepts a changed byte only where viem and ethers write the same changed transaction', () => {
    let accepted = 0
    let refused = 0
    fc.assert(
      fc.property(transactions, fc.nat(), fc.integer({ min: 1, max: 255 }), (like, at, flip) => {
        const theirs = Transaction.from(like)
        const mutated = getBytes(theirs.unsignedSerialized)
        const i = at % mutated.length
        mutated[i] = (mutated[i] ?? 0) ^ flip
        const field = fieldOf(() => readTransaction(mutated, theirs.chainId))
        if (field !== undefined) {
          refused++
          return
        }
        accepted++
        const hex = hexlify(mutated) as `0x${string}`
        // viem keeps the chain id and the nonce as safe integers, ethers the nonce.
        const isSafe = (n: bigint | string) => BigInt(n) <= BigInt(Number.MAX_SAFE_INTEGER)
        const { nonce } = readTransaction(mutated, theirs.chainId).facts
        if (isSafe(nonce)) expect(Transaction.from(hex).unsignedSerialized).toBe(hex)
        if (isSafe(nonce) && isSafe(theirs.chainId)) {
          expect(serializeTransaction(parseTransaction(hex))).toBe(hex)
        }
      }),
      { numRuns: 1000 },
    )
    expect(accepted).toBeGreaterThan(50)
    expect(refused).toBeGreaterThan(50)
  })
})

describe('malformed transactions name their field', () => {
  type Item = string | Item[]
  const to = `0x${'ab'.repeat(20)}`
  const key = `0x${'00'.repeat(31)}01`
  const legacy = {
    nonce: '0x01',
    gasPrice: '0x02',
    gasLimit: '0x5208',
    to,
    value: '0x03',
    data: '0xdeadbeef',
  }
  const cases: Record<string, { prefix: string; fields: Record<string, Item> }> = {
    legacy: { prefix: '0x', fields: { ...legacy, chainId: '0x01', r: '0x', s: '0x' } },
    eip2930: { prefix: '0x01', fields: { chainId: '0x01', ...legacy, accessList: [[to, [key]]] } },
    eip1559: {
      prefix: '0x02',
      fields: {
        chainId: '0x01',
        nonce: '0x01',
        maxPriorityFeePerGas: '0x02',
        maxFeePerGas: '0x03',
        gasLimit: '0x5208',
        to,
        value: '0x03',
        data: '0xdeadbeef',
        accessList: [[to, [key]]],
      },
    },
  }
  const long = (bytes: number) => `0x01${'00'.repeat(bytes - 1)}`
  const bad: Record<string, Item[]> = {
    chainId: ['0x', '0x02', '0x0001', '0x00', long(9), []],
    nonce: ['0x00', '0x0001', '0xffffffffffffffff', long(9), []],
    gasPrice: ['0x00', '0x0002', long(33), [], ['0x02']],
    maxPriorityFeePerGas: ['0x00', '0x0002', '0x04', long(33), []],
    maxFeePerGas: ['0x00', '0x0003', long(33), []],
    gasLimit: ['0x00', '0x005208', long(9), []],
    to: ['0x00', `0x${'ab'.repeat(19)}`, `0x${'ab'.repeat(21)}`, [], [to]],
    value: ['0x00', '0x0003', long(33), []],
    data: [[], ['0x01']],
    r: ['0x01', '0x00', []],
    s: ['0x01', '0x00', []],
    accessList: [
      '0x',
      to,
      [[]],
      [[to]],
      [[to, [key], key]],
      [[to, key]],
      [[to, ['0x01']]],
      [[`0x${'ab'.repeat(19)}`, []]],
      [[[], []]],
    ],
  }

  for (const [type, { prefix, fields }] of Object.entries(cases)) {
    const encode = (items: Record<string, Item>) =>
      getBytes(concat([prefix, encodeRlp(Object.values(items))]))
    it(`${type}: the unchanged one is accepted`, () => {
      expect(readTransaction(encode(fields), 1n).facts.transactionType).toBe(type)
    })
    for (const name of Object.keys(fields)) {
      it(`${type}: ${name}`, () => {
        for (const value of bad[name] ?? []) {
          const named = fieldOf(() => readTransaction(encode({ ...fields, [name]: value }), 1n))
          // A fee cap below the priority fee shows at the priority fee.
          const either =
            name === 'maxFeePerGas'
              ? [`payload.${name}`, 'payload.maxPriorityFeePerGas']
              : [`payload.${name}`]
          expect(either, `${name} = ${JSON.stringify(value)}`).toContain(named)
        }
      })
    }
    it(`${type}: a field too many, a field too few`, () => {
      const values = Object.values(fields)
      for (const items of [[...values, '0x'], values.slice(0, -1), [...values, '0x', '0x', '0x'], []]) {
        expect(fieldOf(() => readTransaction(getBytes(concat([prefix, encodeRlp(items)])), 1n))).toBe(
          'payload',
        )
      }
    })
  }

  it('legacy without a chain id (pre EIP-155)', () => {
    expect(fieldOf(() => readTransaction(getBytes(encodeRlp(Object.values(legacy))), 1n))).toBe('payload')
  })

  it('types that we do not sign', () => {
    for (const prefix of ['0x00', '0x03', '0x04', '0x05', '0x7f', '0x80', '0xbf']) {
      const bytes = getBytes(concat([prefix, encodeRlp(Object.values({ ...legacy, accessList: [] }))]))
      expect(fieldOf(() => readTransaction(bytes, 1n))).toBe('payload.type')
    }
    expect(fieldOf(() => readTransaction(new Uint8Array(0), 1n))).toBe('payload')
  })

  it('other encodings of the same list', () => {
    // The EIP-155 example: a length in front of a single byte, a long length for a short list or string.
    const canonical =
      'ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080'
    const body = canonical.slice(2)
    for (const other of [
      `f82c${body}`,
      `f9002c${body}`,
      `ed8109${body.slice(2)}`,
      `ed09b805${body.slice(4)}`,
      `ec09b804${body.slice(4)}`,
      `${'c1'.repeat(2000)}c0`,
    ]) {
      expect(
        fieldOf(() => readTransaction(getBytes(`0x${other}`), 1n)),
        other.slice(0, 12),
      ).toBe('payload')
    }
  })
})

describe('calls', () => {
  const token = `0x${'cd'.repeat(20)}`
  const word = (hex: string) => hex.padStart(64, '0')
  const someone = 'ab'.repeat(20)
  const facts = (data: string) =>
    readTransaction(
      getBytes(Transaction.from({ type: 2, chainId: 1, to: token, data, gasLimit: 1 }).unsignedSerialized),
      1n,
    ).facts

  it('decodes the four known ones', () => {
    const recipient = new RegExp(`^0x${someone}$`, 'i')
    expect(facts(`0xa9059cbb${word(someone)}${word('64')}`).call).toEqual({
      method: 'transfer',
      recipient: expect.stringMatching(recipient),
      amount: '100',
    })
    expect(facts(`0x095ea7b3${word(someone)}${'f'.repeat(64)}`).call).toMatchObject({
      method: 'approve',
      amount: (2n ** 256n - 1n).toString(),
    })
    expect(facts(`0x23b872dd${word('1')}${word(someone)}${word('5')}`).call).toMatchObject({
      method: 'transferFrom',
      owner: '0x0000000000000000000000000000000000000001',
      amount: '5',
    })
    expect(facts(`0xa22cb465${word(someone)}${word('1')}`).call).toMatchObject({ approved: true })
  })

  it('leaves everything else unknown', () => {
    for (const data of [
      '0xa9059cbb',
      `0xa9059cbb${word(someone)}${word('64')}00`,
      `0xa9059cbb${word(someone)}`,
      `0xa9059cbb01${word(someone).slice(2)}${word('64')}`,
      `0xa22cb465${word(someone)}${word('2')}`,
      `0x23b872dd${word('1')}01${word(someone).slice(2)}${word('5')}`,
      `0xdeadbeef${word(someone)}${word('64')}`,
    ]) {
      expect(facts(data).call).toBeNull()
      expect(facts(data).selector).toBe(data.slice(0, 10))
    }
    expect(facts('0xa9059c').selector).toBeNull()
  })
})
