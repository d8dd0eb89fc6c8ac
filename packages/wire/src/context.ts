// Which session, step, key and parties does an HTTP message belong to? (SPEC 0.4; RFC 8941)

import { Malformed } from '@tercet/protocol/errors'
import type { OpType } from '@tercet/protocol/session'
import {
  type BareItem,
  type Dictionary,
  parseDictionary,
  serializeDictionary,
  Token,
} from 'structured-headers'

export const CONTEXT_HEADER = 'tercet-context'
/** Set on every answer to a device while a claim on its wallet is announced; unsigned, so it only says: ask. */
export const NOTICE_HEADER = 'tercet-notice'

const OP_TYPES = ['keygen', 'ot', 'presign', 'fresh', 'sign', 'reshare', 'control'] as const

/** What both sides of an exchange say about a message, under its signature. */
export interface Context {
  readonly version: 1
  /** Identity of the sender, 34 bytes. */
  readonly idFrom: Uint8Array
  /** Identity of the receiver, 34 bytes. */
  readonly idTo: Uint8Array
  /** 32 bytes; zero bytes in every keygen message. */
  readonly keyId: Uint8Array
  readonly epoch: number
  readonly opType: OpType | 'control'
  /** 32 bytes. */
  readonly sessionId: Uint8Array
  /** Req k is step 2k-1, Res k step 2k. */
  readonly step: number
  /** SHA-256 of the body of the message with step-1; 32 zero bytes at step 1. */
  readonly prevMsgHash: Uint8Array
}

/** The header's value: one dictionary, nine members in the order of the specification. */
export function encodeContext(context: Context): string {
  const items: [string, BareItem][] = [
    ['ver', context.version],
    ['id-from', buffer(context.idFrom)],
    ['id-to', buffer(context.idTo)],
    ['key-id', buffer(context.keyId)],
    ['epoch', context.epoch],
    ['op-type', new Token(context.opType)],
    ['session-id', buffer(context.sessionId)],
    ['step', context.step],
    ['prev-msg-hash', buffer(context.prevMsgHash)],
  ]
  return serializeDictionary(new Map(items.map(([name, item]) => [name, [item, new Map()]])))
}

/** Reads the header; any other member, order, spelling or length is Malformed with the member's name. */
export function decodeContext(header: string): Context {
  const members = parse(header)
  if (integer(members, 'ver', 1) !== 1) throw new Malformed('context.ver')
  const context: Context = {
    version: 1,
    idFrom: identity(members, 'id-from'),
    idTo: identity(members, 'id-to'),
    keyId: bytes(members, 'key-id', 32),
    epoch: integer(members, 'epoch', 0),
    opType: opType(members),
    sessionId: bytes(members, 'session-id', 32),
    step: integer(members, 'step', 1),
    prevMsgHash: bytes(members, 'prev-msg-hash', 32),
  }
  if (context.step > 255) throw new Malformed('context.step')
  // One spelling only: order, white space, parameters, duplicates and foreign members all end here.
  if (encodeContext(context) !== header) throw new Malformed('context')
  return context
}

function parse(header: string): Dictionary {
  if (header.length > 1024) throw new Malformed('context')
  try {
    return parseDictionary(header)
  } catch {
    throw new Malformed('context')
  }
}

function item(members: Dictionary, name: string): unknown {
  return members.get(name)?.[0]
}

function bytes(members: Dictionary, name: string, length: number): Uint8Array {
  const value = item(members, name)
  if (!(value instanceof ArrayBuffer) || value.byteLength !== length) throw new Malformed(`context.${name}`)
  return new Uint8Array(value)
}

function identity(members: Dictionary, name: string): Uint8Array {
  const value = bytes(members, name, 34)
  const known = value[0] === 1 || value[0] === 2
  if (!known || (value[1] !== 2 && value[1] !== 3)) throw new Malformed(`context.${name}`)
  return value
}

function integer(members: Dictionary, name: string, least: number): number {
  const value = item(members, name)
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) {
    throw new Malformed(`context.${name}`)
  }
  return value
}

function opType(members: Dictionary): Context['opType'] {
  const value = item(members, 'op-type')
  const found = OP_TYPES.find((name) => value instanceof Token && value.toString() === name)
  if (found === undefined) throw new Malformed('context.op-type')
  return found
}

function buffer(value: Uint8Array): ArrayBuffer {
  return new Uint8Array(value).buffer
}
