// Does a request lead to the digest, child key, address and words that it should?

import { HDKey } from '@scure/bip32'
import { decodePoint, mulBase } from '@tercet/protocol/curve'
import { Malformed } from '@tercet/protocol/errors'
import { computeAddress, getBytes, HDNodeWallet, hashMessage, hexlify, sha256, Transaction } from 'ethers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readBase64url, writeBase64url } from './encoding.js'
import { evmAddress, formatAddress } from './evm/address.js'
import { type ChainRequest, interpret, type WalletKey } from './interpret.js'

const bytes = (fill: number, length = 32) => new Uint8Array(length).fill(fill)
const wallet: WalletKey = {
  keyId: bytes(7),
  publicKey: mulBase(5n),
  chainCode: bytes(9),
  transcript: bytes(8),
}
const base64url = (data: Uint8Array) => Buffer.from(data).toString('base64url')
const request = (part: Partial<ChainRequest>): ChainRequest => ({
  walletId: base64url(wallet.keyId),
  path: 'm/0/0',
  chain: 'eip155:1',
  kind: 'evm-message',
  payload: '',
  ...part,
})

function fieldOf(part: Partial<ChainRequest>): string | undefined {
  try {
    interpret(request(part), wallet)
  } catch (error) {
    if (error instanceof Malformed) return error.field
    throw error
  }
  return undefined
}

describe('keys and addresses', () => {
  it('derives the child addresses of @scure/bip32 and ethers', () => {
    const level = fc.oneof(fc.nat(20), fc.integer({ min: 0, max: 2 ** 31 - 1 }))
    fc.assert(
      fc.property(
        fc.bigInt(1n, 2n ** 255n),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.array(level, { maxLength: 5 }),
        (scalar, chainCode, levels) => {
          const publicKey = mulBase(scalar)
          const path = ['m', ...levels].join('/')
          const mine = interpret(request({ path }), { ...wallet, publicKey, chainCode })
          const root = new HDKey({ publicKey: publicKey.toBytes(true), chainCode })
          const child = levels.reduce((key, index) => key.deriveChild(index), root)
          expect(hexlify(mine.childKey.toBytes(true))).toBe(hexlify(child.publicKey ?? bytes(0)))
          expect(mine.address).toBe(computeAddress(hexlify(child.publicKey ?? bytes(0))))
          expect(hexlify(publicKey.add(mulBase(mine.tweak.scalar)).toBytes())).toBe(
            hexlify(mine.childKey.toBytes()),
          )
          const node = HDNodeWallet.fromExtendedKey(root.publicExtendedKey)
          const ethersChild = levels.length === 0 ? node : node.derivePath(levels.join('/'))
          expect(ethersChild).toMatchObject({ address: mine.address })
        },
      ),
      { numRuns: 25 },
    )
  })

  it('writes the addresses of EIP-55', () => {
    // https://eips.ethereum.org/EIPS/eip-55 (CC0), "Test Cases"
    for (const address of [
      '0x52908400098527886E0F7030069857D2E4169EE7',
      '0xde709f2102306220921060314715629080e2fb77',
      '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
      '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
      '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB',
      '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb',
    ]) {
      expect(formatAddress(getBytes(address.toLowerCase()))).toBe(address)
    }
    const generator = decodePoint(
      getBytes('0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'),
      'G',
    )
    expect(evmAddress(generator)).toBe('0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf')
  })
})

describe('EIP-191 messages', () => {
  it('has the digests that web3.js documents', () => {
    // https://web3js.readthedocs.io/en/v1.10.0/web3-eth-accounts.html#hashmessage (LGPL-3.0; two published values)
    const known = {
      'Hello World': '0xa1de988600a42c4b4ab089b619297c17d53cffae5d5120d82d8a92d0bb3b78f2',
      'Some data': '0x1da44b586eb0729ff70a73c326926f6ed5a25f5b056e7f47fbc6e58d86871655',
    }
    for (const [text, digest] of Object.entries(known)) {
      const result = interpret(request({ payload: base64url(Buffer.from(text)) }), wallet)
      expect(hexlify(result.digest.bytes)).toBe(digest)
      expect(result.facts).toMatchObject({ kind: 'evm-message', text, dataLength: text.length })
    }
  })

  it('hashes any bytes as ethers does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (message) => {
        const { digest, facts } = interpret(request({ payload: base64url(message) }), wallet)
        expect(hexlify(digest.bytes)).toBe(hashMessage(message))
        expect(facts).toMatchObject({ data: hexlify(message), dataLength: message.length })
      }),
    )
  })

  it('shows text, and says where there is none', () => {
    const shown = (message: Uint8Array) =>
      interpret(request({ payload: base64url(message) }), wallet).summary.find((l) => l.label === 'Message')
        ?.value
    expect(shown(Buffer.from('Sign in,\nplease'))).toBe('Sign in,\\nplease')
    expect(shown(Buffer.from('abc\u202edef\u200b\\n\u0000'))).toBe('abc\\u{202e}def\\u{200b}\\\\n\\u{0}')
    expect(shown(Uint8Array.of(0xff, 0xfe))).toBe('unknown (not text): 0xfffe')
    expect(shown(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41))).toBe('\\u{feff}A')
  })
})

describe('other kinds', () => {
  it('self-test signs SHA256("mpc/v1/selftest" || keyId || Tr) with the key itself', () => {
    const result = interpret(request({ kind: 'self-test', path: 'm' }), wallet)
    const preimage = Buffer.concat([Buffer.from('mpc/v1/selftest'), wallet.keyId, wallet.transcript])
    expect(hexlify(result.digest.bytes)).toBe(sha256(preimage))
    expect(result.tweak.scalar).toBe(0n)
    expect(result.childKey.equals(wallet.publicKey)).toBe(true)
    expect(result.facts).toEqual({ kind: 'self-test' })
  })

  it('a raw digest says that nothing is known of it', () => {
    const result = interpret(request({ kind: 'raw-digest', payload: base64url(bytes(3)) }), wallet)
    expect(hexlify(result.digest.bytes)).toBe(hexlify(bytes(3)))
    expect(result.facts).toEqual({ kind: 'raw-digest' })
    expect(result.summary.map((line) => line.value).join()).toContain('unknown')
  })

  it('a transaction is shown in words', () => {
    const transaction = {
      type: 2,
      chainId: 1,
      to: `0x${'35'.repeat(20)}`,
      value: 15n * 10n ** 17n,
      gasLimit: 21000,
      maxFeePerGas: 10n ** 9n,
    }
    const payload = base64url(getBytes(Transaction.from(transaction).unsignedSerialized))
    const { summary, address, facts } = interpret(request({ kind: 'evm-transaction', payload }), wallet)
    expect(Object.fromEntries(summary.map(({ label, value }) => [label, value]))).toEqual({
      Action: 'Send',
      Chain: 'Ethereum (1)',
      From: address,
      To: '0x3535353535353535353535353535353535353535',
      Amount: '1.5 ETH (1500000000000000000 wei)',
      'Highest fee': '0.000021 ETH (21000000000000 wei)',
      Nonce: '0',
    })
    expect(JSON.parse(JSON.stringify(facts))).toEqual(facts)
    const unknown = base64url(
      getBytes(
        Transaction.from({ ...transaction, chainId: 987654, data: '0xdeadbeef00' }).unsignedSerialized,
      ),
    )
    const words = interpret(
      request({ kind: 'evm-transaction', payload: unknown, chain: 'eip155:987654' }),
      wallet,
    ).summary
    expect(words).toContainEqual({ label: 'Method', value: 'unknown (0xdeadbeef, 5 bytes of data)' })
    expect(words).toContainEqual({ label: 'Chain', value: 'unknown chain (987654)' })
  })

  it('typed data is shown field by field', () => {
    const payload = {
      types: {
        Order: [
          { name: 'items', type: 'Item[]' },
          { name: 'final', type: 'bool' },
        ],
        Item: [{ name: 'price', type: 'uint256' }],
      },
      primaryType: 'Order',
      domain: { name: 'Shop' },
      message: { items: [{ price: '5' }, { price: 6 }], final: true },
    }
    const { summary } = interpret(request({ kind: 'evm-typed-data', payload }), wallet)
    expect(summary.slice(2)).toEqual([
      { label: 'Application', value: 'Shop (its own claim)' },
      { label: 'Chain', value: 'any (not bound to a chain)' },
      { label: 'Contract', value: 'any (not bound to a contract)' },
      { label: 'items[0].price', value: '5' },
      { label: 'items[1].price', value: '6' },
      { label: 'final', value: 'yes' },
    ])
  })
})

describe('refusals', () => {
  const cases: [Partial<ChainRequest>, string][] = [
    [{ walletId: base64url(bytes(1)) }, 'walletId'],
    [{ path: 'm/0h' }, 'path'],
    [{ path: 'm/0/0/0/0/0/0' }, 'path'],
    [{ kind: 'evm-something' }, 'kind'],
    [{ kind: 'constructor' }, 'kind'],
    [{ payload: 5 }, 'payload'],
    [{ payload: 'AA==' }, 'payload'],
    [{ payload: 'AB' }, 'payload'],
    [{ payload: 'A' }, 'payload'],
    [{ payload: 'A+AA' }, 'payload'],
    [{ chain: 'eip155:01' }, 'chain'],
    [{ chain: 'eip155:0' }, 'chain'],
    [{ chain: 'eip155:1 ' }, 'chain'],
    [{ chain: 'eip155:18446744073709551615' }, 'chain'],
    [{ chain: 'bip122:000000000019d6689c085ae165831e93' }, 'chain'],
    [{ kind: 'self-test' }, 'path'],
    [{ kind: 'self-test', path: 'm', payload: 'AA' }, 'payload'],
    [{ kind: 'raw-digest', payload: base64url(bytes(1, 31)) }, 'payload'],
    [{ kind: 'evm-typed-data', payload: '{}' }, 'payload'],
    [{ kind: 'evm-transaction', payload: {} }, 'payload'],
  ]
  for (const [part, field] of cases)
    it(JSON.stringify(part), () => expect(fieldOf(part)).toBe(`request.${field}`))
})

describe('base64url', () => {
  it('is that of Node', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (data) => {
        expect(writeBase64url(data)).toBe(base64url(data))
        expect(readBase64url(base64url(data), 'x')).toEqual(data)
      }),
    )
  })
})
