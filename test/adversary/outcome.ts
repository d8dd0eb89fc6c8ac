// What became of a session, and is it what the abort table says? (security.md 4)

import { type AbortReason, consequence, Malformed, ProtocolAbort } from '@tercet/protocol/errors'
import type { MessageName } from '@tercet/protocol/messages'
import type { Mutation } from './registry.js'

/** What a session ended in. `faults`: what the judges object to in what came out of it. */
export type Outcome =
  | { readonly end: 'done'; readonly faults: readonly string[] }
  | { readonly end: 'malformed' }
  | { readonly end: 'abort'; readonly reason: AbortReason }
  | { readonly end: 'crash'; readonly what: string }

/** Runs the rest of a session. */
export function outcomeOf(session: () => readonly string[]): Outcome {
  try {
    return { end: 'done', faults: session() }
  } catch (error) {
    if (error instanceof Malformed) return { end: 'malformed' }
    if (error instanceof ProtocolAbort && error.consequence === consequence[error.reason])
      return { end: 'abort', reason: error.reason }
    return { end: 'crash', what: String(error) }
  }
}

/** Which check each field answers to, where its bytes are well formed. `free`: the field decides nothing. */
export type Oracle = Readonly<Record<MessageName, Readonly<Record<string, AbortReason | 'free'>>>>

/** A first request for attempt 0, which there is never, is no other attempt. */
const RESHARES: ReadonlySet<MessageName> = new Set(['refresh.req1', 'replace.req1'])

/** What the abort table demands for a mutation. */
export function expected(oracle: Oracle, mutation: Mutation): string {
  const { message, cell, kind, wellFormed } = mutation
  if (!wellFormed) return 'malformed'
  if (cell.field.name === 'nonce' && kind === 'zero' && message !== 'sign.res1' && message !== 'fresh.res2')
    return 'nonce'
  if (cell.field.name === 'attempt' && kind === 'zero' && RESHARES.has(message)) return 'context'
  return oracle[message][cell.field.name] ?? 'no entry'
}

/** Why an outcome is not what was expected; undefined if it is. */
export function objection(oracle: Oracle, mutation: Mutation, outcome: Outcome): string | undefined {
  const wanted = expected(oracle, mutation)
  const found =
    outcome.end === 'abort'
      ? outcome.reason
      : outcome.end === 'done'
        ? outcome.faults.length > 0
          ? `wrong result (${outcome.faults.join(', ')})`
          : 'free'
        : outcome.end === 'crash'
          ? outcome.what
          : 'malformed'
  if (found === wanted) return undefined
  const { message, cell, kind } = mutation
  return `${message}.${cell.field.name}[${cell.item}] ${kind}: expected ${wanted}, found ${found}`
}
