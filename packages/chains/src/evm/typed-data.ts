// What is signed when a person signs typed data, and what does it say? (EIP-712)

import { Malformed } from '@tercet/protocol/errors'
import { bytesToHex, hashTypedData, hexToBytes } from 'viem/utils'
import { isRecord } from '../encoding.js'
import type { Hex, TypedDataDomain, TypedDataFacts, TypedValue } from '../facts.js'
import { formatAddress, readAddress } from './address.js'
import {
  DOMAIN,
  DOMAIN_FIELDS,
  type Field,
  readFields,
  readStructs,
  type Structs,
  valueType,
} from './typed-types.js'

export interface TypedData {
  /** keccak256(0x1901 || domain separator || hashStruct(message)). 32 bytes. */
  readonly digest: Uint8Array
  readonly facts: TypedDataFacts
}

/** A value as it is hashed, and as policy and people see it. */
interface Value {
  readonly hashed: unknown
  readonly shown: TypedValue
}

const MAX_DEPTH = 16
/** Every struct value hashes its type's text anew. These two bound what a request of 64 kB can cost to about 0.1 s. */
const MAX_TYPE_WORK = 1_000_000
const MAX_VALUES = 4096

/**
 * Reads `{ types, primaryType, domain, message }`. Every value has the form of its type, every field is there and
 * no other; integers are JSON integers or decimal strings; a domain's chain is the request's.
 * @throws Malformed naming the field
 */
export function readTypedData(payload: unknown, chainId: bigint): TypedData {
  if (!isRecord(payload)) throw new Malformed('payload')
  if (!hasExactly(payload, ['types', 'primaryType', 'domain', 'message'])) throw new Malformed('payload')
  const { types, primaryType, domain, message } = payload
  const structs = readStructs(types)
  if (typeof primaryType !== 'string' || !structs.has(primaryType)) throw new Malformed('payload.primaryType')

  const domainFields = readDomainFields(types, domain)
  const readDomain = new Reader(new Map([[DOMAIN, domainFields]]))
  const domainValue = readDomain.struct(domain, domainFields, 'payload.domain', 0)
  const shownDomain: TypedDataDomain = domainValue.shown
  if (shownDomain.chainId !== undefined && shownDomain.chainId !== chainId.toString()) {
    throw new Malformed('payload.domain.chainId')
  }

  const reader = new Reader(structs)
  const messageValue = reader.struct(message, structs.get(primaryType) ?? [], 'payload.message', 0)
  // The library's types want literal type definitions; what they would check has been checked above.
  const checked = {
    types: { ...Object.fromEntries(structs), [DOMAIN]: domainFields },
    primaryType,
    domain: domainValue.hashed,
    message: messageValue.hashed,
  } as unknown as Parameters<typeof hashTypedData>[0]
  const digest = hashTypedData(checked)
  return {
    digest: hexToBytes(digest),
    facts: {
      kind: 'evm-typed-data',
      chainId: chainId.toString(),
      primaryType,
      domain: shownDomain,
      message: messageValue.shown,
    },
  }
}

/** The domain's type follows from its members; where the request states it, it must say the same. */
function readDomainFields(types: unknown, domain: unknown): readonly Field[] {
  if (!isRecord(domain)) throw new Malformed('payload.domain')
  const fields = DOMAIN_FIELDS.filter(({ name }) => Object.hasOwn(domain, name))
  const stated = isRecord(types) && Object.hasOwn(types, DOMAIN) ? types[DOMAIN] : undefined
  if (stated === undefined || (Array.isArray(stated) && stated.length === 0 && fields.length === 0))
    return fields
  const field = `payload.types.${DOMAIN}`
  const read = readFields(stated, field)
  const same = (a: Field | undefined, b: Field): boolean => a?.name === b.name && a.type === b.type
  if (read.length !== fields.length || !fields.every((f, i) => same(read[i], f))) throw new Malformed(field)
  return fields
}

/** Reads values against their types. */
class Reader {
  readonly #structs: Structs
  readonly #typeLength: number
  #work = 0
  #values = 0

  constructor(structs: Structs) {
    this.#structs = structs
    this.#typeLength = JSON.stringify([...structs]).length
  }

  struct(value: unknown, fields: readonly Field[], field: string, depth: number) {
    this.#work += this.#typeLength
    if (depth > MAX_DEPTH || this.#work > MAX_TYPE_WORK) throw new Malformed(field)
    const names = fields.map(({ name }) => name)
    if (!isRecord(value)) throw new Malformed(field)
    for (const name of names) if (!Object.hasOwn(value, name)) throw new Malformed(`${field}.${name}`)
    if (!hasExactly(value, names)) throw new Malformed(field)
    const hashed: Record<string, unknown> = {}
    const shown: Record<string, TypedValue> = {}
    for (const { name, type } of fields) {
      const member = this.#value(value[name], type, `${field}.${name}`, depth + 1)
      hashed[name] = member.hashed
      shown[name] = member.shown
    }
    return { hashed, shown }
  }

  #value(value: unknown, typeName: string, field: string, depth: number): Value {
    const type = valueType(typeName, this.#structs)
    this.#values++
    if (type === null || depth > MAX_DEPTH || this.#values > MAX_VALUES) throw new Malformed(field)
    switch (type.form) {
      case 'struct':
        return this.struct(value, type.fields, field, depth)
      case 'array': {
        if (!Array.isArray(value)) throw new Malformed(field)
        if (type.length !== null && value.length !== type.length) throw new Malformed(field)
        const items = value.map((item: unknown, i) =>
          this.#value(item, type.element, `${field}[${i}]`, depth + 1),
        )
        return { hashed: items.map((item) => item.hashed), shown: items.map((item) => item.shown) }
      }
      case 'integer': {
        const integer = readInteger(value, type.signed, type.bits, field)
        return { hashed: integer, shown: integer.toString() }
      }
      case 'bytes': {
        const bytes = readHex(value, type.length, field)
        return { hashed: bytes, shown: bytes }
      }
      case 'address': {
        const bytes = readAddress(value, field)
        return { hashed: bytesToHex(bytes), shown: formatAddress(bytes) }
      }
      case 'bool':
        if (typeof value !== 'boolean') throw new Malformed(field)
        return { hashed: value, shown: value }
      case 'string':
        // A lone surrogate has no UTF-8, and encoders differ in what they put in its place.
        if (typeof value !== 'string' || /\p{Surrogate}/u.test(value)) throw new Malformed(field)
        return { hashed: value, shown: value }
    }
  }
}

function readInteger(value: unknown, signed: boolean, bits: number, field: string): bigint {
  const isNumber = typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0)
  const isText = typeof value === 'string' && value.length <= 79 && /^(0|-?[1-9][0-9]*)$/.test(value)
  if (!isNumber && !isText) throw new Malformed(field)
  const integer = BigInt(value)
  const inRange = signed
    ? BigInt.asIntN(bits, integer) === integer
    : BigInt.asUintN(bits, integer) === integer
  if (!inRange) throw new Malformed(field)
  return integer
}

function readHex(value: unknown, length: number | null, field: string): Hex {
  const digits = typeof value === 'string' ? /^0x((?:[0-9a-fA-F]{2})*)$/.exec(value)?.[1] : undefined
  if (digits === undefined || (length !== null && digits.length !== 2 * length)) throw new Malformed(field)
  return `0x${digits.toLowerCase()}`
}

function hasExactly(record: Readonly<Record<string, unknown>>, names: readonly string[]): boolean {
  return Object.keys(record).length === names.length && names.every((name) => Object.hasOwn(record, name))
}
