// In which spellings could a secret of 32 bytes have got out? Each spelling as patterns of bytes to look for.

/** A value that must not be found. */
export interface Secret {
  readonly name: string
  /** Big-endian where it is a number. */
  readonly bytes: Uint8Array
}

export const ENCODINGS = [
  'bytes',
  'reversed bytes',
  'hex',
  'upper-case hex',
  'base64',
  'base64url',
  'decimal',
  'JSON array',
  'JSON object',
  'spaced hex',
] as const
export type Encoding = (typeof ENCODINGS)[number]

/** One pattern; any pattern of a secret that is found gives the secret away. */
export interface Pattern {
  readonly secret: string
  readonly encoding: Encoding
  readonly bytes: Buffer
}

/** The bytes written out in full in one encoding, as a leak would. */
export function spell(secret: Uint8Array, encoding: Encoding): Buffer {
  const bytes = Buffer.from(secret)
  const hex = bytes.toString('hex')
  switch (encoding) {
    case 'bytes':
      return bytes
    case 'reversed bytes':
      return Buffer.from(Uint8Array.from(secret).reverse())
    case 'hex':
      return Buffer.from(hex)
    case 'upper-case hex':
      return Buffer.from(hex.toUpperCase())
    case 'base64':
    case 'base64url':
      return Buffer.from(bytes.toString(encoding))
    case 'decimal':
      return Buffer.from(BigInt(`0x${hex}`).toString())
    case 'JSON array':
      return Buffer.from(JSON.stringify([...bytes]))
    case 'JSON object':
      return Buffer.from(JSON.stringify(secret))
    case 'spaced hex':
      return Buffer.from(hex.replace(/..(?!$)/g, '$& '))
  }
}

/**
 * All patterns of a secret. Each spelling is looked for in both byte orders and by halves, so that one which is
 * interrupted once (by a database page, an HTTP chunk, a line break) is still found: 16 bytes are no coincidence.
 */
export function patternsOf({ name, bytes }: Secret): Pattern[] {
  const found: Pattern[] = []
  const add = (encoding: Encoding, pattern: Buffer) => found.push({ secret: name, encoding, bytes: pattern })
  for (const ordered of [bytes, Uint8Array.from(bytes).reverse()]) {
    add(ordered === bytes ? 'bytes' : 'reversed bytes', Buffer.from(ordered.subarray(0, 16)))
    add(ordered === bytes ? 'bytes' : 'reversed bytes', Buffer.from(ordered.subarray(16)))
    for (const half of [ordered.subarray(0, 16), ordered.subarray(16)]) {
      for (const encoding of ['hex', 'upper-case hex', 'spaced hex'] as const)
        add(encoding, spell(half, encoding))
      const list = [...half]
      add('JSON array', Buffer.from(list.join(',')))
      add('JSON array', Buffer.from(list.join(', ')))
      for (const encoding of ['base64', 'base64url'] as const) {
        // Inside a longer value the bytes may begin at any of three offsets.
        for (const offset of [0, 1, 2]) add(encoding, inside(half, encoding, offset))
      }
    }
    for (const start of [0, 16]) {
      const entries = [...ordered.subarray(start, start + 16)].map((byte, i) => `"${start + i}":${byte}`)
      add('JSON object', Buffer.from(entries.join(',')))
    }
    const decimal = spell(ordered, 'decimal')
    add('decimal', decimal.subarray(0, decimal.length >> 1))
    add('decimal', decimal.subarray(decimal.length >> 1))
  }
  return found
}

/** The letters that depend on nothing but the bytes, when `offset` unknown bytes stand in front of them. */
function inside(bytes: Uint8Array, encoding: 'base64' | 'base64url', offset: number): Buffer {
  const text = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString(encoding)
    .replace(/=+$/, '')
  const first = Math.ceil((offset * 8) / 6)
  const last = Math.floor(((offset + bytes.length) * 8) / 6)
  return Buffer.from(text.slice(first, last))
}
