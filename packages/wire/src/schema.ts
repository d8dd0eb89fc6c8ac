// How does a document's schema failure become a named field, and which small parts do documents share?

import { Malformed } from '@tercet/protocol/errors'
import * as z from 'zod/mini'
import { fromBase64url } from './base64url.js'

/** Runs a schema; the first failing field is named as `document.member`, its value never. Throws Malformed. */
export function parseWith<S extends z.ZodMiniType>(schema: S, value: unknown, document: string): z.output<S> {
  const result = z.safeParse(schema, value)
  if (result.success) return result.data
  const path = result.error.issues[0]?.path ?? []
  throw new Malformed([document, ...path.map(String)].join('.'))
}

/** Base64url of exactly `length` bytes, read as bytes. */
export function bytesOf(length: number) {
  return z.pipe(
    z.string().check(z.regex(/^[A-Za-z0-9_-]*$/), z.length(Math.ceil((length * 4) / 3))),
    z.transform((text: string, ctx) => {
      try {
        return fromBase64url(text, 'bytes', length)
      } catch {
        ctx.issues.push({ code: 'custom', message: 'not canonical base64url', input: text })
        return z.NEVER
      }
    }),
  )
}

/** A non-negative integer below 2^53 as a decimal string, one spelling per value, read as a number. */
export function decimal() {
  return z.pipe(
    z.string().check(z.regex(/^(0|[1-9][0-9]{0,15})$/)),
    z.pipe(
      z.transform((text: string) => Number(text)),
      z.int().check(z.nonnegative()),
    ),
  )
}
