// Which failures can a caller be told of, with which HTTP status, and what may it do next? (architecture, Errors)

/**
 * What the caller may do: nothing (`no`), send the same body under a new signature (`sign-again`), repeat the
 * request after a pause (`same`, `wait`), begin a new session, OT setup or recovery, begin from the
 * first step with whatever exists (`start-anew`), or report it to the operator.
 */
export type Retry =
  | 'no'
  | 'sign-again'
  | 'same'
  | 'wait'
  | 'new-session'
  | 'new-setup'
  | 'recovery'
  | 'start-anew'
  | 'report'

/** The one, closed table of codes. */
export const CODES = {
  malformed: { status: 400, retry: 'no' },
  'too-large': { status: 413, retry: 'no' },
  unauthenticated: { status: 401, retry: 'sign-again' },
  replayed: { status: 401, retry: 'sign-again' },
  clock: { status: 401, retry: 'sign-again' },
  denied: { status: 403, retry: 'no' },
  'approval-required': { status: 403, retry: 'no' },
  delayed: { status: 403, retry: 'no' },
  'not-found': { status: 404, retry: 'start-anew' },
  'unknown-session': { status: 404, retry: 'start-anew' },
  'unknown-presignature': { status: 404, retry: 'start-anew' },
  conflict: { status: 409, retry: 'new-session' },
  mismatch: { status: 409, retry: 'new-session' },
  expired: { status: 409, retry: 'new-session' },
  burned: { status: 409, retry: 'new-setup' },
  locked: { status: 409, retry: 'recovery' },
  'peer-fault': { status: 422, retry: 'new-setup' },
  'rate-limited': { status: 429, retry: 'wait' },
  bug: { status: 500, retry: 'report' },
  busy: { status: 503, retry: 'same' },
  storage: { status: 503, retry: 'same' },
} as const satisfies Record<string, { readonly status: number; readonly retry: Retry }>

export type Code = keyof typeof CODES

/** Whether the text is one of the codes. */
export function isCode(text: string): text is Code {
  return Object.hasOwn(CODES, text)
}
