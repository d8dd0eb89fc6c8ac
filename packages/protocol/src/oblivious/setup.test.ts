// Is the gadget vector the specified one, and do setups keep their secrets and lengths? (SPEC 2.3, 11)

import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { encodeScalar } from '../curve.js'
import { expose } from '../secret.js'
import { u32be } from '../transcript.js'
import { extensionReceiver, extensionSender, gadget } from './setup.js'

describe('OT setup', () => {
  it('has the known gadget vector', () => {
    const { values, bytes } = gadget(new Uint8Array(32))
    expect(values.length).toBe(416)
    expect(values[0]?.toString(16)).toBe('8829cb04643320cf9f467abf706309e15f812ff3db5ebd01fe0f866d9e1f54c9')
    expect(values[415]?.toString(16)).toBe('d34405c16879cc82f6107d29f15e872ef87b5ae5a9cee21a190e8c39739f51fb')
    values.forEach((g, j) => {
      expect(bytes.subarray(32 * j, 32 * j + 32)).toEqual(encodeScalar(g))
    })
  })

  it('keeps the vectors of the last setups only', () => {
    const first = gadget(new Uint8Array(32))
    expect(gadget(new Uint8Array(32))).toBe(first)
    for (let n = 1; n <= 64; n++) gadget(new Uint8Array(32).fill(n))
    expect(gadget(new Uint8Array(32))).not.toBe(first)
    expect(gadget(new Uint8Array(32))).toEqual(first)
    expect(gadget(Uint8Array.from([...u32be(1), ...new Uint8Array(28)]))).not.toEqual(first)
  })

  it('copies its parts, checks their lengths and prints as its name', () => {
    const delta = new Uint8Array(16).fill(7)
    const sender = extensionSender(new Uint8Array(32), delta, new Uint8Array(4096).fill(9))
    delta.fill(0)
    expect(expose(sender.secret).delta).toEqual(new Uint8Array(16).fill(7))
    const receiver = extensionReceiver(new Uint8Array(32), new Uint8Array(4096), new Uint8Array(4096).fill(9))
    expect(inspect([sender.secret, receiver.secret])).toBe('[ ExtensionSender, ExtensionReceiver ]')
    expect(inspect([sender, receiver], { depth: 9 })).not.toContain('9, 9')
    expect(() => extensionSender(new Uint8Array(31), delta, new Uint8Array(4096))).toThrow('length')
    expect(() => extensionSender(new Uint8Array(32), delta, new Uint8Array(4095))).toThrow('length')
    expect(() => extensionReceiver(new Uint8Array(32), new Uint8Array(4096), delta)).toThrow('length')
  })
})
