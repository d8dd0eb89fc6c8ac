// How do 32-byte scalars get in and out of large buffers fast? (SPEC 0.2, 3.3)

import { encodeScalar, ORDER } from '../curve.js'

/** The big-endian 256-bit integer at an offset, not reduced. */
export function readInteger(view: DataView, at: number): bigint {
  return (
    (view.getBigUint64(at) << 192n) |
    (view.getBigUint64(at + 8) << 128n) |
    (view.getBigUint64(at + 16) << 64n) |
    view.getBigUint64(at + 24)
  )
}

/** Writes a scalar below 2^256 as 32 bytes, big-endian. */
export function writeInteger(view: DataView, at: number, value: bigint): void {
  view.setBigUint64(at, value >> 192n)
  view.setBigUint64(at + 8, value >> 128n)
  view.setBigUint64(at + 16, value >> 64n)
  view.setBigUint64(at + 24, value)
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

const ORDER_BYTES = encodeScalar(ORDER)

/**
 * Deviation: SPEC 3.2 and 3.4 write a product with a choice bit; a product with 0 would be faster than one with 1.
 * Returns `bit*value` modulo q, as an integer that is the value or q itself: the bytes are chosen by a mask before
 * they become a number, and neither outcome is a number of fewer digits. `scratch` has 32 bytes.
 */
export function selectInteger(bit: number, bytes: Uint8Array, at: number, scratch: DataView): bigint {
  const mask = -(bit & 1) & 0xff
  for (let k = 0; k < 32; k++)
    scratch.setUint8(k, ((bytes[at + k] as number) & mask) | ((ORDER_BYTES[k] as number) & (mask ^ 0xff)))
  return readInteger(scratch, 0)
}
