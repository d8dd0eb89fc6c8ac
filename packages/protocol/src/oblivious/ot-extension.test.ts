// Are the transfers consistent, and does the check accept an inconsistent row only where Delta is 0? (SPEC 3.2, 3.3, 7.4)

import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { describe, expect, it } from 'vitest'
import { bitOf, concat, selectBytes } from '../bytes.js'
import { ProtocolAbort } from '../errors.js'
import { seededRandom } from '../testing/seeded-random.js'
import { TH, u32be } from '../transcript.js'
import { combiner } from './gf128.js'
import { answerExtension, expand, extend } from './ot-extension.js'
import { BASE_OTS, blocks, rowBytes, uBytes, XI } from './parameters.js'
import { extensionReceiver, extensionSender } from './setup.js'

const random = seededRandom('ot-extension/setup')
const id = random(32)
const delta = random(16)
const keys0 = random(32 * BASE_OTS)
const keys1 = random(32 * BASE_OTS)
const key = (keys: Uint8Array, i: number): Uint8Array => keys.subarray(32 * i, 32 * i + 32)
const indices = Array.from({ length: BASE_OTS }, (_, i) => i)
const chosen = indices.map((i) => selectBytes(bitOf(delta, i), key(keys0, i), key(keys1, i)))
const sender = extensionSender(id, delta, concat(...chosen))
const receiver = extensionReceiver(id, keys0, keys1)
const sidR = TH('ote/A', random(32))
const xor = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((x, k) => x ^ (b[k] as number))

/** A receiver written from the formulas, who may use other choices in single rows and is honest about all the rest. */
function bentReceiver(batch: number, bend: (row: number, choices: Uint8Array) => void, seed: string) {
  const width = rowBytes(batch)
  const choices = seededRandom(seed)(width)
  const T = indices.map((i) => expand(key(keys0, i), sidR, width))
  const U = concat(
    ...indices.map((i) => {
      const own = Uint8Array.from(choices)
      bend(i, own)
      return xor(xor(T[i] as Uint8Array, expand(key(keys1, i), sidR, width)), own)
    }),
  )
  const chi = TH('ote/chi', sidR, U)
  const comb = combiner(
    Array.from({ length: blocks(batch) }, (_, j) => TH('ote/chij', chi, u32be(j)).slice(0, 16)),
  )
  const xt = comb(choices)
  return { U, xt, hT: TH('ote/t', sidR, xt, sha256(concat(...T.map(comb)))) }
}

describe('OT extension', () => {
  it('expands a key to the known answer', () => {
    const seed = Uint8Array.from({ length: 32 }, (_, i) => i)
    const sid = Uint8Array.from({ length: 32 }, (_, i) => 32 + i)
    expect(bytesToHex(expand(seed, sid, rowBytes(1)))).toBe(
      'ec75d3fdf27ea9b6d1c054ca1eb31d30018690751ddd0c145b1bb435300698349ce32812d52acf619f37290f7dd55c36ee98615426e0caf622952ef0a4fcef5befd943959a4f78f80a72cbc751e75b92',
    )
  })

  it('has the sizes of the specification', () => {
    expect([1, 2, 5, 16].map(rowBytes)).toEqual([80, 128, 288, 848])
    expect(uBytes(1)).toBe(10_240)
    for (const batch of [0, 17, 1.5, Number.NaN]) expect(() => rowBytes(batch)).toThrow('batch size')
  })

  it.each([1, 2, 16])(
    'gives the sender row J, and row J XOR Delta where the choice is 1 (B = %i)',
    (batch) => {
      const { state, message } = extend(receiver, sidR, batch, seededRandom(`ot-extension/${batch}`))
      const rows = answerExtension(sender, sidR, batch, message)
      expect(rows.length).toBe(16 * XI * batch)
      for (let J = 0; J < batch * XI; J++) {
        const own = state.rows.subarray(16 * J, 16 * J + 16)
        const bit = bitOf(state.choices, J)
        expect(bytesToHex(rows.subarray(16 * J, 16 * J + 16))).toBe(
          bytesToHex(bit === 1 ? xor(own, delta) : own),
        )
      }
    },
  )

  it('agrees with a receiver written from the formulas', () => {
    const { message } = extend(receiver, sidR, 2, seededRandom('ot-extension/plain'))
    expect(message).toEqual(bentReceiver(2, () => {}, 'ot-extension/plain'))
  })

  it('refuses one bent choice in row i exactly when Delta_i is 1', () => {
    for (const i of indices) {
      const bit = (37 * i) % 640
      const bend = (row: number, choices: Uint8Array): void => {
        if (row === i) choices[bit >> 3] = (choices[bit >> 3] as number) ^ (1 << (bit & 7))
      }
      const message = bentReceiver(1, bend, `ot-extension/bent/${i}`)
      const check = () => answerExtension(sender, sidR, 1, message)
      if (bitOf(delta, i) === 1) expect(check).toThrow(ProtocolAbort)
      else expect(check).not.toThrow()
    }
  })

  it('refuses a message that was changed on the way', () => {
    const { message } = extend(receiver, sidR, 1, seededRandom('ot-extension/changed'))
    for (const field of ['U', 'xt', 'hT'] as const)
      for (const at of [0, message[field].length - 1]) {
        const changed = Uint8Array.from(message[field])
        changed[at] = (changed[at] as number) ^ 1
        expect(() => answerExtension(sender, sidR, 1, { ...message, [field]: changed })).toThrow(
          'ot-extension',
        )
      }
    const other = TH('ote/B', sidR)
    expect(() => answerExtension(sender, other, 1, message)).toThrow('ot-extension')
  })

  it('refuses other lengths as malformed', () => {
    const { message } = extend(receiver, sidR, 1, seededRandom('ot-extension/lengths'))
    expect(() => answerExtension(sender, sidR, 2, message)).toThrow('malformed: U')
    for (const field of ['U', 'xt', 'hT'] as const)
      expect(() =>
        answerExtension(sender, sidR, 1, { ...message, [field]: message[field].slice(1) }),
      ).toThrow(`malformed: ${field}`)
  })
})
