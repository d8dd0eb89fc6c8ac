// Are the types of typed data well formed, and what does a type name mean? (EIP-712, definition of typed structured data)

import { Malformed } from '@tercet/protocol/errors'
import { isRecord } from '../encoding.js'

export interface Field {
  readonly name: string
  readonly type: string
}

/** Struct name to its fields, in order. Every field's type exists. */
export type Structs = ReadonlyMap<string, readonly Field[]>

export const DOMAIN = 'EIP712Domain'

/** The members that EIP-712 allows in a domain, in the order that it demands. */
export const DOMAIN_FIELDS: readonly Field[] = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
  { name: 'salt', type: 'bytes32' },
]

/** Bounded, because a name is looked at again for every value of its type. */
const MAX_TYPE_LENGTH = 256
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/
const ARRAY_SUFFIX = /\[([1-9][0-9]{0,4})?\]$/

export type ValueType =
  | { readonly form: 'integer'; readonly signed: boolean; readonly bits: number }
  /** `length` null: any number of bytes. */
  | { readonly form: 'bytes'; readonly length: number | null }
  | { readonly form: 'string' | 'bool' | 'address' }
  /** `length` null: any number of elements. */
  | { readonly form: 'array'; readonly element: string; readonly length: number | null }
  | { readonly form: 'struct'; readonly fields: readonly Field[] }

/** What a type name stands for, or null where it is no type. */
export function valueType(type: string, structs: Structs): ValueType | null {
  const suffix = ARRAY_SUFFIX.exec(type)
  if (suffix !== null) {
    return {
      form: 'array',
      element: type.slice(0, suffix.index),
      length: suffix[1] === undefined ? null : Number(suffix[1]),
    }
  }
  const fields = structs.get(type)
  return fields === undefined ? atomicType(type) : { form: 'struct', fields }
}

function atomicType(type: string): ValueType | null {
  if (type === 'string' || type === 'bool' || type === 'address') return { form: type }
  if (type === 'bytes') return { form: 'bytes', length: null }
  const sized = /^(uint|int|bytes)([1-9][0-9]{0,2})$/.exec(type)
  if (sized === null) return null
  const size = Number(sized[2])
  if (sized[1] === 'bytes') return size <= 32 ? { form: 'bytes', length: size } : null
  return size <= 256 && size % 8 === 0 ? { form: 'integer', signed: sized[1] === 'int', bits: size } : null
}

/** Reads `types` without its EIP712Domain, which the domain itself determines. @throws Malformed */
export function readStructs(types: unknown): Structs {
  const field = 'payload.types'
  if (!isRecord(types)) throw new Malformed(field)
  const structs = new Map<string, readonly Field[]>()
  for (const [name, members] of Object.entries(types)) {
    if (name === DOMAIN) continue
    if (!isIdentifier(name) || isReserved(name)) throw new Malformed(field)
    structs.set(name, readFields(members, `${field}.${name}`))
  }
  for (const [name, members] of structs) {
    for (const member of members) {
      if (valueType(elementOf(member.type), structs) === null)
        throw new Malformed(`${field}.${name}.${member.name}`)
    }
  }
  return structs
}

/** A list of `{ name, type }`, no name twice. @throws Malformed */
export function readFields(members: unknown, field: string): readonly Field[] {
  if (!Array.isArray(members) || members.length === 0) throw new Malformed(field)
  const names = new Set<string>()
  return members.map((member: unknown) => {
    if (!isRecord(member) || Object.keys(member).length !== 2) throw new Malformed(field)
    const { name, type } = member
    if (typeof name !== 'string' || typeof type !== 'string') throw new Malformed(field)
    if (!isIdentifier(name) || names.has(name) || type.length > MAX_TYPE_LENGTH) throw new Malformed(field)
    names.add(name)
    return { name, type }
  })
}

/** An identifier that no object of JavaScript answers to by itself (`constructor`, `toString`, `__proto__`). */
function isIdentifier(name: string): boolean {
  return IDENTIFIER.test(name) && !(name in Object.prototype)
}

/** Names that another implementation could read as a type of its own. */
function isReserved(name: string): boolean {
  return /^(u?int|u?fixed|bytes)[0-9x]*$|^(string|bool|address|function)$/.test(name)
}

/** The type with its array suffixes taken off. */
function elementOf(type: string): string {
  let element = type
  for (let suffix = ARRAY_SUFFIX.exec(element); suffix !== null; suffix = ARRAY_SUFFIX.exec(element)) {
    element = element.slice(0, suffix.index)
  }
  return element
}
