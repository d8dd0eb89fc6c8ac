// Which answer does each class of failure get? (abort table; architecture, Errors)

import { type AbortReason, consequence, Malformed, Misuse, ProtocolAbort } from '@tercet/protocol/errors'
import { SignatureInvalid } from '@tercet/wire/http-signature'
import { expect, test } from 'vitest'
import { createLog } from '../log.js'
import { Refusal } from '../refusal.js'
import { problemOf, problemReply } from './problems.js'

const lines: string[] = []
const log = createLog('trace', { write: (line: string) => lines.push(line) })
const told = (error: unknown) => problemOf(error, log, () => 'incident')

test('every abort reason has an answer, by its class', () => {
  const code = {
    context: 'mismatch',
    malformed: 'malformed',
    setup: 'peer-fault',
    cheat: 'peer-fault',
    'bad-signature': 'peer-fault',
  } as const
  for (const [reason, row] of Object.entries(consequence) as [AbortReason, keyof typeof code][]) {
    expect(told(new ProtocolAbort(reason)).code, reason).toBe(code[row])
  }
})

test('a cheat gets a constant body', () => {
  const bodies = (['ot-extension', 'multiplication', 'gamma'] as const).map((reason) =>
    Buffer.from(problemReply(told(new ProtocolAbort(reason))).body).toString(),
  )
  expect(new Set(bodies).size).toBe(1)
})

test('refusals, malformed fields and bad signatures', () => {
  expect(told(new Refusal('busy', { retryAfterSeconds: 3 }))).toEqual({ code: 'busy', retryAfterSeconds: 3 })
  expect(told(new Malformed('nonce'))).toEqual({ code: 'malformed', field: 'nonce' })
  expect(told(new SignatureInvalid('digest'))).toEqual({ code: 'unauthenticated' })
  expect(problemReply({ code: 'not-found' }).status).toBe(404)
})

test('anything else is a bug with an incident; its message reaches neither caller nor log', () => {
  for (const error of [new Misuse('PLANTED'), new Error('PLANTED'), 'PLANTED', { PLANTED: true }]) {
    expect(told(error)).toEqual({ code: 'bug', id: 'incident' })
  }
  expect(lines.join()).toContain('incident')
  expect(lines.join()).not.toContain('PLANTED')
})
