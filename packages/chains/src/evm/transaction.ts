// Which transaction do the bytes of a request encode, what is its digest, and what does it look like signed?
// (EIP-155, EIP-2930, EIP-1559, EIP-2718)

import { concat } from '@tercet/protocol/bytes'
import { Malformed, Misuse } from '@tercet/protocol/errors'
import { bytesToHex, fromRlp, keccak256, toRlp } from 'viem/utils'
import type { Hex, TransactionFacts } from '../facts.js'
import { formatAddress } from './address.js'
import { decodeCall } from './call.js'

type Item = Uint8Array | readonly Item[]
type TransactionType = TransactionFacts['transactionType']

/** The fields of each type, in order; legacy ends with the chain id and two empty strings (EIP-155). */
const LAYOUT = {
  legacy: ['nonce', 'gasPrice', 'gasLimit', 'to', 'value', 'data', 'chainId', 'r', 's'],
  eip2930: ['chainId', 'nonce', 'gasPrice', 'gasLimit', 'to', 'value', 'data', 'accessList'],
  eip1559: [
    'chainId',
    'nonce',
    'maxPriorityFeePerGas',
    'maxFeePerGas',
    'gasLimit',
    'to',
    'value',
    'data',
    'accessList',
  ],
} as const satisfies Record<TransactionType, readonly string[]>

const UINT64_BYTES = 8
const UINT256_BYTES = 32
/** EIP-2681: the largest nonce is 2^64 - 2. */
const MAX_NONCE = 2n ** 64n - 2n

/** An ECDSA signature: r, s in [1, q-1], s low; bit 0 of the recovery id is the parity of R's y. */
export interface RecoverableSignature {
  readonly r: bigint
  readonly s: bigint
  readonly recoveryId: number
}

export interface UnsignedTransaction {
  /** keccak256 of the bytes: what ECDSA signs. 32 bytes. */
  readonly digest: Uint8Array
  readonly facts: TransactionFacts
}

/**
 * Reads an unsigned serialized transaction in its one canonical encoding, for this chain and no other.
 * @throws Malformed naming the field
 */
export function readTransaction(bytes: Uint8Array, chainId: bigint): UnsignedTransaction {
  const { type, items } = split(bytes)
  const field = (name: string): Item | undefined => items[(LAYOUT[type] as readonly string[]).indexOf(name)]
  const integer = (name: string, maxBytes: number): bigint =>
    readInteger(field(name), maxBytes, `payload.${name}`)

  if (integer('chainId', UINT64_BYTES) !== chainId) throw new Malformed('payload.chainId')
  if (type === 'legacy') {
    // EIP-155 hashes (chainId, 0, 0); anything else in these places is a signature.
    if (readBytes(field('r'), 'payload.r').length !== 0) throw new Malformed('payload.r')
    if (readBytes(field('s'), 'payload.s').length !== 0) throw new Malformed('payload.s')
  }
  const nonce = integer('nonce', UINT64_BYTES)
  if (nonce > MAX_NONCE) throw new Malformed('payload.nonce')
  const gasLimit = integer('gasLimit', UINT64_BYTES)
  const maxFeePerGas = integer(type === 'eip1559' ? 'maxFeePerGas' : 'gasPrice', UINT256_BYTES)
  const maxPriorityFeePerGas =
    type === 'eip1559' ? integer('maxPriorityFeePerGas', UINT256_BYTES) : maxFeePerGas
  if (maxPriorityFeePerGas > maxFeePerGas) throw new Malformed('payload.maxPriorityFeePerGas')
  const to = readBytes(field('to'), 'payload.to')
  if (to.length !== 0 && to.length !== 20) throw new Malformed('payload.to')
  const value = integer('value', UINT256_BYTES)
  const data = readBytes(field('data'), 'payload.data')
  const accessList = type === 'legacy' ? [] : readAccessList(field('accessList'))

  const contractCreation = to.length === 0
  const isCall = !contractCreation && data.length >= 4
  return {
    digest: keccak256(bytes, 'bytes'),
    facts: {
      kind: 'evm-transaction',
      chainId: chainId.toString(),
      transactionType: type,
      nonce: nonce.toString(),
      to: contractCreation ? null : formatAddress(to),
      contractCreation,
      value: value.toString(),
      selector: isCall ? bytesToHex(data.subarray(0, 4)) : null,
      call: isCall ? decodeCall(data) : null,
      dataLength: data.length,
      data: bytesToHex(data),
      gasLimit: gasLimit.toString(),
      maxFeePerGas: maxFeePerGas.toString(),
      maxPriorityFeePerGas: maxPriorityFeePerGas.toString(),
      maxFee: (gasLimit * maxFeePerGas).toString(),
      accessList,
    },
  }
}

/**
 * The signed transaction, ready for `eth_sendRawTransaction`.
 * @param unsigned the bytes whose digest was signed
 * @throws Malformed where the bytes are not an unsigned transaction, Misuse where the signature cannot stand in one
 */
export function serializeSigned(unsigned: Uint8Array, signature: RecoverableSignature): Hex {
  const { r, s, recoveryId } = signature
  // 2 and 3 mean that R's x is at least q, which the EVM has no encoding for (probability 2^-127).
  if (recoveryId !== 0 && recoveryId !== 1) throw new Misuse('the EVM knows recovery ids 0 and 1 only')
  const { type, items } = split(unsigned)
  const rs = [integerItem(r), integerItem(s)]
  if (type !== 'legacy') {
    const list = encodeRlp([...items, integerItem(BigInt(recoveryId)), ...rs])
    return bytesToHex(concat(unsigned.subarray(0, 1), list))
  }
  const chainId = readInteger(items[6], UINT64_BYTES, 'payload.chainId')
  const v = chainId * 2n + 35n + BigInt(recoveryId)
  return bytesToHex(encodeRlp([...items.slice(0, 6), integerItem(v), ...rs]))
}

/** The hash under which the chain knows a signed transaction. */
export function transactionHash(signed: Hex): Hex {
  return keccak256(signed)
}

/** The type and the fields, with nothing before, between or behind them, in canonical RLP. */
function split(bytes: Uint8Array): { readonly type: TransactionType; readonly items: readonly Item[] } {
  const first = bytes[0]
  if (first === undefined) throw new Malformed('payload')
  let type: TransactionType
  if (first === 1) type = 'eip2930'
  else if (first === 2) type = 'eip1559'
  else if (first >= 0xc0) type = 'legacy'
  else throw new Malformed('payload.type')
  const body = type === 'legacy' ? bytes : bytes.subarray(1)
  const items = decodeRlp(body)
  if (items.length !== LAYOUT[type].length) throw new Malformed('payload')
  return { type, items }
}

function decodeRlp(bytes: Uint8Array): readonly Item[] {
  let item: Item
  try {
    item = fromRlp(bytes, 'bytes') as Item
  } catch {
    throw new Malformed('payload')
  }
  if (item instanceof Uint8Array) throw new Malformed('payload')
  // The decoder's strictness is its own business; that the encoding is the canonical one is ours.
  const again = encodeRlp(item)
  if (again.length !== bytes.length || again.some((byte, i) => byte !== bytes[i]))
    throw new Malformed('payload')
  return item
}

function encodeRlp(items: readonly Item[]): Uint8Array {
  return toRlp(items as Parameters<typeof toRlp>[0], 'bytes') as Uint8Array
}

/** Big-endian without leading zeros; zero is the empty string. */
function integerItem(value: bigint): Uint8Array {
  if (value === 0n) return new Uint8Array(0)
  const digits = value.toString(16)
  const hex = digits.padStart(digits.length + (digits.length % 2), '0')
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) =>
    Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16),
  )
}

function readInteger(item: Item | undefined, maxBytes: number, field: string): bigint {
  const bytes = readBytes(item, field)
  if (bytes.length > maxBytes || bytes[0] === 0) throw new Malformed(field)
  return bytes.length === 0 ? 0n : BigInt(bytesToHex(bytes))
}

function readBytes(item: Item | undefined, field: string): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new Malformed(field)
  return item
}

function readList(item: Item | undefined, field: string): readonly Item[] {
  if (item === undefined || item instanceof Uint8Array) throw new Malformed(field)
  return item
}

/** Pairs of an address and its storage keys of 32 bytes; only the addresses are of interest further on. */
function readAccessList(item: Item | undefined): readonly Hex[] {
  const field = 'payload.accessList'
  return readList(item, field).map((entry) => {
    const [address, keys, ...more] = readList(entry, field)
    const bytes = readBytes(address, field)
    if (bytes.length !== 20 || more.length !== 0) throw new Malformed(field)
    for (const key of readList(keys, field)) {
      if (readBytes(key, field).length !== 32) throw new Malformed(field)
    }
    return formatAddress(bytes)
  })
}
