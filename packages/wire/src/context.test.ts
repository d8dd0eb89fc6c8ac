import { Malformed } from '@tercet/protocol/errors'
import { describe, expect, test } from 'vitest'
import { type Context, decodeContext, encodeContext } from './context.js'

const filled = (length: number, byte: number) => new Uint8Array(length).fill(byte)
const identity = (byte: number) => Uint8Array.of(1, 2, ...filled(32, byte))

const context: Context = {
  version: 1,
  idFrom: identity(1),
  idTo: identity(2),
  keyId: filled(32, 3),
  epoch: 4,
  opType: 'fresh',
  sessionId: filled(32, 5),
  step: 3,
  prevMsgHash: filled(32, 6),
}
const header = encodeContext(context)
const members = header.split(', ')

describe('context', () => {
  test('nine members in the order of the specification, and back', () => {
    expect(members.map((member) => member.split('=')[0])).toEqual([
      'ver',
      'id-from',
      'id-to',
      'key-id',
      'epoch',
      'op-type',
      'session-id',
      'step',
      'prev-msg-hash',
    ])
    expect(header).toContain('op-type=fresh, ')
    expect(decodeContext(header)).toEqual(context)
  })

  test.each(['keygen', 'ot', 'presign', 'fresh', 'sign', 'reshare', 'control'] as const)('%s', (opType) => {
    expect(decodeContext(encodeContext({ ...context, opType })).opType).toBe(opType)
  })

  test.each(members.map((_, i) => i))('refuses a missing, repeated or moved member (%i)', (i) => {
    const without = members.filter((_, j) => j !== i)
    expect(() => decodeContext(without.join(', '))).toThrow(Malformed)
    expect(() => decodeContext([...members, members[i]].join(', '))).toThrow(Malformed)
    expect(() => decodeContext([members[i], ...members].join(', '))).toThrow(Malformed)
    if (i > 0) expect(() => decodeContext([members[i], ...without].join(', '))).toThrow(Malformed)
  })

  test.each([
    ['another version', 'ver', header.replace('ver=1', 'ver=2')],
    ['a foreign member', '', `${header}, x=1`],
    ['a parameter', '', header.replace('step=3', 'step=3;a=1')],
    ['white space', '', header.replace(', ', ',')],
    ['a string for a token', 'op-type', header.replace('fresh', '"fresh"')],
    ['an unknown operation', 'op-type', header.replace('fresh', 'export')],
    ['step 0', 'step', header.replace('step=3', 'step=0')],
    ['a large step', 'step', header.replace('step=3', 'step=256')],
    ['a fraction', '', header.replace('step=3', 'step=3.0')],
    ['a negative epoch', 'epoch', header.replace('epoch=4', 'epoch=-4')],
    ['another spelling of an integer', '', header.replace('epoch=4', 'epoch=04')],
    ['a short key id', 'key-id', encodeContext({ ...context, keyId: filled(31, 3) })],
    ['a long session id', 'session-id', encodeContext({ ...context, sessionId: filled(33, 3) })],
    ['another algorithm', 'id-from', encodeContext({ ...context, idFrom: filled(34, 3) })],
    [
      'an uncompressed identity',
      'id-to',
      encodeContext({ ...context, idTo: Uint8Array.of(1, 4, ...filled(32, 1)) }),
    ],
    ['an inner list', 'step', header.replace('step=3', 'step=(3)')],
    ['nothing', 'ver', ''],
    ['no dictionary', '', '=='],
    ['too much', '', `${header}${' '.repeat(2000)}`],
  ])('refuses %s', (_, member, text) => {
    expect(() => decodeContext(text)).toThrow(
      member === '' ? /^malformed: context/ : `malformed: context.${member}`,
    )
  })

  test('refuses every truncation', () => {
    for (let i = 0; i < header.length; i++) expect(() => decodeContext(header.slice(0, i))).toThrow(Malformed)
  })
})
