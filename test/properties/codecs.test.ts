// Does every encoding round-trip, in one form alone, and is everything else refused? (SPEC 0.3; key-share, ot-setup, messages, paths)

import { concat } from '@tercet/protocol/bytes'
import { formatPath, parsePath } from '@tercet/protocol/derivation'
import { Malformed } from '@tercet/protocol/errors'
import { decodeKeyShare, encodeKeyShare } from '@tercet/protocol/key-share'
import {
  decodeMessage,
  encodeMessage,
  type FieldSpec,
  type FieldsOf,
  MESSAGES,
  type MessageName,
  type MessageSpec,
  messageLength,
  type PointList,
} from '@tercet/protocol/messages'
import { decodeOtSetup, encodeOtSetup } from '@tercet/protocol/ot-setup'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixtureWallet } from '../support/fixture.js'
import { below, sample } from '../support/random.js'
import { refreshStages } from '../support/refresh-session.js'
import { deviceLostStages, operatorChangedStages } from '../support/replace-session.js'
import { setupBodies } from '../support/setup-session.js'
import type { Pair } from '../support/signing.js'
import { freshStages, poolStages } from '../support/signing-session.js'
import type { Stage } from '../support/stage.js'
import { suite } from '../support/suite.js'

const run = suite('codecs')
const wallet = fixtureWallet()
const pair: Pair = {
  initiator: wallet.context(1, 2, 'initiator'),
  responder: wallet.context(1, 2, 'responder'),
}
const seed = Number.parseInt(run.seed.slice(0, 7), 16) || 1
const property = { seed, numRuns: run.times(200, 5000) }

/** Reads and writes again, or undefined where reading refuses; any other error is let through. */
function again(bytes: Uint8Array, recode: (bytes: Uint8Array) => Uint8Array): Uint8Array | undefined {
  try {
    return recode(bytes)
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

/** What reading and writing again made of bytes; compared here, as a matcher is slow on long strings. */
function outcome(bytes: Uint8Array, recode: (bytes: Uint8Array) => Uint8Array): 'same' | 'other' | 'refused' {
  const read = again(bytes, recode)
  if (read === undefined) return 'refused'
  return Buffer.from(read).equals(bytes) ? 'same' : 'other'
}

/** Every prefix and every extension by one byte is refused, and what is read at all is written back as it was. */
function strict(name: string, bytes: Uint8Array, recode: (bytes: Uint8Array) => Uint8Array): void {
  const random = run.random(name)
  expect(outcome(bytes, recode)).toBe('same')
  const prefixes = Array.from({ length: bytes.length }, (_, n) => n)
  for (const length of new Set([
    0,
    1,
    2,
    bytes.length - 1,
    ...sample(random, prefixes, run.times(10, 500)),
  ])) {
    expect(outcome(bytes.subarray(0, length), recode)).toBe('refused')
    run.count()
  }
  for (const extra of [0, 1, 255])
    expect(outcome(concat(bytes, Uint8Array.of(extra)), recode)).toBe('refused')
  expect(outcome(concat(Uint8Array.of(0), bytes), recode)).toBe('refused')
  for (let n = 0; n < run.times(10, 200); n++) {
    const changed = bytes.slice()
    const bit = below(random, 8 * bytes.length)
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
    expect(outcome(changed, recode)).not.toBe('other')
    run.count()
  }
}

describe('stored values', () => {
  const share = (bytes: Uint8Array) => encodeKeyShare(decodeKeyShare(bytes))
  const setup = (bytes: Uint8Array) => encodeOtSetup(decodeOtSetup(bytes))

  it.each([1, 2, 3] as const)('the share of party %i', (party) => {
    strict(`share ${party}`, encodeKeyShare(wallet.share(party)), share)
  })

  it.each([
    [1, 2],
    [1, 3],
    [3, 2],
  ] as const)('both halves of the OT setup of %i and %i', (i, j) => {
    for (const role of ['initiator', 'responder'] as const)
      strict(`setup ${i}-${j} ${role}`, encodeOtSetup(wallet.otSetup(i, j, role)), setup)
  })

  it('one kind is not read as the other, nor another version, nor a share that is not its own', () => {
    const [a, b] = [encodeKeyShare(wallet.share(1)), encodeOtSetup(wallet.otSetup(1, 2, 'initiator'))]
    expect(again(b, share)).toBeUndefined()
    expect(again(a, setup)).toBeUndefined()
    for (const at of [0, 1]) {
      for (let value = 0; value < 256; value++) {
        if (a[at] === value) continue
        const changed = a.slice()
        changed[at] = value
        expect(again(changed, share)).toBeUndefined()
        run.count()
      }
    }
    const other = a.slice()
    other.set(encodeKeyShare(wallet.share(2)).subarray(-32), a.length - 32)
    expect(again(other, share)).toBeUndefined()
    other.set(new Uint8Array(32), a.length - 32)
    expect(again(other, share)).toBeUndefined()
  })
})

describe('messages', () => {
  const recode = (name: MessageName, batch: number) => (bytes: Uint8Array) => {
    const message = decodeMessage(name, bytes, batch) as unknown as Record<string, unknown>
    const { fields }: MessageSpec = MESSAGES[name]
    const back = (field: FieldSpec): unknown =>
      field.type === 'points' ? (message[field.name] as PointList).bytes : message[field.name]
    const values = Object.fromEntries(fields.map((field) => [field.name, back(field)]))
    return encodeMessage(name, values as unknown as FieldsOf<MessageName>)
  }
  const bodies: readonly Pick<Stage, 'message' | 'batch' | 'body'>[] = [
    ...[...wallet.keygen, ...Object.entries(setupBodies(wallet, run.random('setup')))].map(
      ([name, body]) => ({
        message: name as MessageName,
        batch: 1,
        body,
      }),
    ),
    ...poolStages(pair, 3, run.random('pool')),
    ...freshStages(pair, run.random('fresh')),
    ...reshares(),
  ]

  /** Every message of every kind of reshare, once. */
  function reshares(): Stage[] {
    const stages = [
      ...refreshStages(wallet, run.random('refresh')),
      ...deviceLostStages(wallet, run.random('device lost')),
      ...operatorChangedStages(wallet, run.random('operator changed')),
    ]
    return [...new Map(stages.map((stage) => [stage.message, stage])).values()]
  }

  it.each(bodies)('$message', (stage) => {
    strict(stage.message, stage.body, recode(stage.message, stage.batch))
    const { fields }: MessageSpec = MESSAGES[stage.message]
    const variable = fields.at(-1)?.type === 'variable'
    const fixed = messageLength(stage.message, stage.batch, 0)
    expect(messageLength(stage.message, stage.batch, stage.body.length - fixed)).toBe(stage.body.length)
    if (!variable) expect(fixed).toBe(stage.body.length)
    for (const wrong of [stage.batch - 1, stage.batch + 1, 16]) {
      if (fields.some((f) => f.count === 'batch') && wrong > 0)
        expect(again(stage.body, recode(stage.message, wrong))).toBeUndefined()
    }
  })

  it('are the whole registry', () => {
    expect(bodies.map(({ message }) => message).sort()).toEqual(Object.keys(MESSAGES).sort())
  })

  it('of any bytes: read back as they were, or malformed', () => {
    const name = fc.constantFrom(...(Object.keys(MESSAGES) as MessageName[]))
    const body = fc.tuple(name, fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 1, max: 16 }))
    fc.assert(
      fc.property(body, ([message, tail, size]) => {
        const bytes = Uint8Array.of(1, MESSAGES[message].type, ...tail)
        const read = again(bytes, recode(message, size))
        return read === undefined || Buffer.from(read).equals(bytes)
      }),
      property,
    )
    run.count(property.numRuns)
  })

  it('of any request, and none that is too long', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (request) => {
        const fields = { presigId: new Uint8Array(32), view: new Uint8Array(32), request }
        const bytes = encodeMessage('sign.req1', fields)
        expect(decodeMessage('sign.req1', bytes).request).toEqual(request)
        for (const wrong of [request.length + 1, Math.max(0, request.length - 1), 0xffffffff]) {
          if (wrong === request.length) continue
          const changed = bytes.slice()
          new DataView(changed.buffer).setUint32(2 + 64, wrong)
          expect(again(changed, recode('sign.req1', 1))).toBeUndefined()
        }
      }),
      { ...property, numRuns: 50 },
    )
    const longest = new Uint8Array(65536)
    const fields = { presigId: new Uint8Array(32), view: new Uint8Array(32) }
    const bytes = encodeMessage('sign.req1', { ...fields, request: longest })
    expect(decodeMessage('sign.req1', bytes).request).toHaveLength(65536)
    const longer = concat(bytes, Uint8Array.of(0))
    new DataView(longer.buffer).setUint32(2 + 64, 65537)
    expect(again(longer, recode('sign.req1', 1))).toBeUndefined()
    expect(() => encodeMessage('sign.req1', { ...fields, request: new Uint8Array(65537) })).toThrow(Malformed)
    run.count(50)
  })
})

describe('paths', () => {
  const index = fc.integer({ min: 0, max: 2 ** 31 - 1 })

  it('round-trip', () => {
    fc.assert(
      fc.property(fc.array(index, { maxLength: 5 }), (path) => {
        expect(parsePath(formatPath(path))).toEqual(path)
      }),
      property,
    )
    run.count(property.numRuns)
  })

  it('have one text each', () => {
    const text = fc.stringMatching(/^m(\/[0-9']{0,11}){0,7}$/)
    fc.assert(
      fc.property(fc.oneof(text, fc.string()), (given) => {
        try {
          return formatPath(parsePath(given)) === given
        } catch (error) {
          return error instanceof Malformed
        }
      }),
      property,
    )
    run.count(property.numRuns)
  })

  it.each([
    '',
    'M',
    'm/',
    '/',
    '0/1',
    'm/00',
    'm/01',
    'm/-1',
    'm/+1',
    'm/1.0',
    'm/1e3',
    'm/0x1',
    "m/0'",
    'm/0h',
    'm/2147483648',
    'm/99999999999',
    'm/1/',
    'm//1',
    ' m/1',
    'm/1 ',
    'm/1\n',
    'm/١',
    'm/0/1/2/3/4/5',
  ])('%j is none', (text) => {
    expect(() => parsePath(text)).toThrow(new Malformed('path'))
  })
})
