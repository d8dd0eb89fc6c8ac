// Which bytes stand for a JSON value? Exactly one string of them. (RFC 8785)

import { equalBytes } from '@tercet/protocol/bytes'
import { Malformed } from '@tercet/protocol/errors'

export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/** Nesting of arrays and objects that is still read: far above any of our documents. */
const MAX_DEPTH = 32
/** Default size limit of a document, in bytes. */
const MAX_BYTES = 65_536

/**
 * The canonical UTF-8 bytes of a JSON value. Throws Malformed for what JSON cannot hold (a number that is not
 * finite, a lone surrogate, `undefined`) and for nesting deeper than 32.
 */
export function canonicalize(value: Json, field = 'document'): Uint8Array {
  return new TextEncoder().encode(write(value, field, 0))
}

function write(value: Json, field: string, depth: number): string {
  if (depth > MAX_DEPTH) throw new Malformed(field)
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new Malformed(field)
    return JSON.stringify(value)
  }
  if (typeof value === 'string') return writeString(value, field)
  if (isArray(value)) return `[${value.map((item, i) => write(item, `${field}[${i}]`, depth + 1)).join(',')}]`
  if (typeof value !== 'object') throw new Malformed(field)
  // The default order of sort() is by UTF-16 code units, which is the order RFC 8785 3.2.3 asks for.
  const members = Object.keys(value)
    .sort()
    .map((key) => {
      const member = value[key]
      if (member === undefined) throw new Malformed(field)
      return `${writeString(key, field)}:${write(member, memberOf(field, key), depth + 1)}`
    })
  return `{${members.join(',')}}`
}

function writeString(text: string, field: string): string {
  // Outside lone surrogates JSON.stringify escapes exactly as RFC 8785 3.2.2.2 does.
  if (LONE_SURROGATE.test(text)) throw new Malformed(field)
  return JSON.stringify(text)
}

const LONE_SURROGATE = /\p{Surrogate}/u

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

/** A field's name in an error: keys that come from outside appear only if they look like a name. */
function memberOf(field: string, key: string): string {
  return /^[A-Za-z][A-Za-z0-9_-]{0,39}$/.test(key) ? `${field}.${key}` : field
}

/**
 * Reads a JSON document and refuses every spelling but the canonical one: white space, another key order,
 * duplicate keys, another spelling of a number or a letter, invalid UTF-8, and numbers that are not safe
 * integers (our documents write amounts as decimal strings). Throws Malformed with the field's name.
 */
export function parseCanonical(bytes: Uint8Array, field: string, maxBytes = MAX_BYTES): Json {
  if (bytes.length > maxBytes || tooDeep(bytes)) throw new Malformed(field)
  const value = parseJson(bytes, field)
  check(value, field)
  if (!equalBytes(canonicalize(value, field), bytes)) throw new Malformed(field)
  return value
}

/** Strict UTF-8 and JSON, in any spelling. Throws Malformed. */
export function parseJson(bytes: Uint8Array, field: string): Json {
  try {
    // ignoreBOM keeps a byte order mark in the text, where JSON.parse refuses it.
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)) as Json
  } catch {
    throw new Malformed(field)
  }
}

function check(value: Json, field: string): void {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new Malformed(field)
  if (typeof value !== 'object' || value === null) return
  if (isArray(value)) {
    for (const [i, item] of value.entries()) check(item, `${field}[${i}]`)
    return
  }
  for (const key of Object.keys(value)) {
    // A key of this name changes an object's prototype in code that copies members carelessly.
    if (key === '__proto__') throw new Malformed(field)
    check(value[key] as Json, memberOf(field, key))
  }
}

/** Bounds the recursion before any parser runs: brackets outside strings. */
function tooDeep(bytes: Uint8Array): boolean {
  let depth = 0
  let inString = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (inString) {
      if (byte === 0x5c) i++
      else if (byte === 0x22) inString = false
    } else if (byte === 0x22) inString = true
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > MAX_DEPTH) return true
    } else if (byte === 0x5d || byte === 0x7d) depth--
  }
  return false
}
