// What does an error answer look like on the wire? (RFC 9457)

import { Malformed } from '@tercet/protocol/errors'
import * as z from 'zod/mini'
import { canonicalize, type JsonObject, parseJson } from './canonical-json.js'
import { CODES, type Code, isCode } from './codes.js'
import { parseWith } from './schema.js'

export const PROBLEM_CONTENT_TYPE = 'application/problem+json'

export interface Problem {
  readonly code: Code
  /** Which field of the caller's message is malformed or differs; never its value. */
  readonly field?: string
  /** Names an incident in the node's log. */
  readonly id?: string
  readonly retryAfterSeconds?: number
  /** The node's clock in unix seconds, sent with `clock`. */
  readonly time?: number
}

/** A problem of the given code. */
export function problem(code: Code, extra: Omit<Problem, 'code'> = {}): Problem {
  return { code, ...extra }
}

const schema = z.strictObject({
  type: z.literal('about:blank'),
  title: z.string().check(z.maxLength(64)),
  status: z.int(),
  code: z.string().check(z.maxLength(64)),
  field: z.optional(z.string().check(z.maxLength(200))),
  id: z.optional(z.string().check(z.maxLength(64))),
  retryAfterSeconds: z.optional(z.int().check(z.nonnegative())),
  time: z.optional(z.int().check(z.nonnegative())),
})

/** The body of an error answer. */
export function encodeProblem(value: Problem): Uint8Array {
  const body: JsonObject = {
    type: 'about:blank',
    title: value.code,
    status: CODES[value.code].status,
    ...value,
  }
  return canonicalize(body, 'problem')
}

/** Reads an error body; a code that this version does not know, or another status than the code's, is Malformed. */
export function parseProblem(bytes: Uint8Array): Problem {
  if (bytes.length > 4096) throw new Malformed('problem')
  const {
    type: _type,
    title,
    status,
    code,
    ...rest
  } = parseWith(schema, parseJson(bytes, 'problem'), 'problem')
  if (!isCode(code)) throw new Malformed('problem.code')
  if (CODES[code].status !== status) throw new Malformed('problem.status')
  if (title !== code) throw new Malformed('problem.title')
  return { code, ...defined(rest) }
}

/** Without the members that zod leaves as undefined. */
function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as never
}
