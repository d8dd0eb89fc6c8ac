// In how many ways can the bytes of a kit be wrong, whatever stands in them? (RFC 8785, RFC 4648)

import { concat } from '@tercet/protocol/bytes'
import type { Random } from '@tercet/protocol/random'
import { toBase64url } from '@tercet/wire/base64url'
import { canonicalize } from '@tercet/wire/canonical-json'
import { below } from '../random.js'
import { type Damage, flipped, pick, put, refit } from './change.js'
import { bytePlaces, bytesAt, parsed, type SignedKit, sealed, valueAt, withValue } from './documents.js'

const utf8 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'utf8'))
const textOf = (kit: SignedKit): string => Buffer.from(sealed(kit.document)).toString('utf8')

const spelled =
  (change: (random: Random, text: string) => string): Damage =>
  (random, kit) =>
    utf8(change(random, textOf(kit)))

export const wrongChecksum: Damage = (random, kit) => {
  const document = parsed(sealed(kit.document))
  return canonicalize(put(document, ['checksum'], flipped(random, bytesAt(document, ['checksum']))))
}

/** The same document, a blank too many. */
export const blank: Damage = (_, kit) => utf8(textOf(kit).replace(',', ', '))

/** Every way, by name. `random` decides the place. */
export const SPELLINGS: Readonly<Record<string, Damage>> = {
  'a flipped byte': (random, kit) => flipped(random, sealed(kit.document)),
  'a byte lost': (random, kit) => {
    const bytes = sealed(kit.document)
    const at = below(random, bytes.length)
    return bytes.filter((_, i) => i !== at)
  },
  truncated: (random, kit) => {
    const bytes = sealed(kit.document)
    return bytes.slice(0, below(random, bytes.length))
  },
  extended: (random, kit) =>
    concat(sealed(kit.document), pick(random, [utf8('\n'), utf8(' '), new Uint8Array(1), random(3)])),
  'a byte order mark': (_, kit) => concat(Uint8Array.of(0xef, 0xbb, 0xbf), sealed(kit.document)),
  'white space': spelled((random, text) => {
    const at = pick(random, [...text.matchAll(/[{[,:]/g)]).index + 1
    return text.slice(0, at) + pick(random, [' ', '\n', '\t', '\r\n']) + text.slice(at)
  }),
  'another order of members': (random, kit) => {
    const entries = Object.entries(parsed(sealed(kit.document)))
    const [moved] = entries.splice(below(random, entries.length - 1), 1)
    return utf8(JSON.stringify(Object.fromEntries([...entries, moved as (typeof entries)[number]])))
  },
  'an escaped letter': spelled((random, text) => {
    const at = pick(random, [...text.matchAll(/[A-Za-z](?=[A-Za-z0-9_-]*")/g)]).index
    return `${text.slice(0, at)}\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}${text.slice(at + 1)}`
  }),
  'a member twice': spelled((random, text) => {
    const [member] = pick(random, [...text.matchAll(/"[A-Za-z]+":"[^"\\]*"/g)])
    return text.replace(member, () => `${member},${member}`)
  }),
  'another spelling of a number': spelled((random, text) => {
    const [from, to] = pick(random, [
      [/"version":(\d)/, '"version":$1.0'],
      [/"version":(\d)/, '"version":$1e0'],
      [/"version":\d/, '"version":true'],
      [/"version":(\d)/, '"version":"$1"'],
      [/"version":\d/, '"version":100000000000000000001'],
      [/"dealers":\[(\d),(\d)\]/, '"dealers":[$1,$2.0]'],
      [/"dealers":\[(\d),(\d)\]/, '"dealers":[0$1,$2]'],
    ] as const)
    return text.replace(from, to)
  }),
  'a member of another type, missing or too many': (random, kit) => {
    const name = pick(random, Object.keys(kit.document))
    const { [name]: value, ...rest } = kit.document
    return sealed(
      pick(random, [
        rest,
        { ...kit.document, [name]: null },
        { ...kit.document, [name]: [value ?? null] },
        { ...kit.document, [`${name}2`]: value ?? null },
        { ...kit.document, ['__proto__']: 1 },
      ]),
    )
  },
  'another value where one is fixed': (random, kit) => {
    const values = [
      ['version', 0],
      ['version', 1],
      ['version', 2],
      ['version', 3],
      ['suite', 'ed25519'],
      ['suite', 'secp256k1 '],
      ['kind', 'refresh'],
      ['kind', 'replace'],
      ['kind', 'keygen'],
      ['dealers', [1, 2]],
      ['dealers', [2, 1]],
      ['dealers', [1, 3]],
      ['dealers', [2, 3]],
      ['dealers', [1, 2, 3]],
      ['epoch', '0'],
      ['epoch', '1'],
      ['attempt', '1'],
      ['epoch', '00'],
      ['epoch', '-0'],
      ['epoch', '9007199254740992'],
      ['attempt', ''],
      ['attempt', '٠'],
      ['TrPrev', toBase64url(new Uint8Array(32).fill(1))],
    ] as const
    const others = values.filter(([key, to]) => JSON.stringify(kit.document[key]) !== JSON.stringify(to))
    const [name, value] = pick(random, others)
    return refit(kit, { ...kit.document, [name]: value })
  },
  'another spelling of bytes': (random, kit) => {
    const path = pick(random, bytePlaces(kit.document))
    const text = String(valueAt(kit.document, path))
    const last = text.slice(-1)
    const loose = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const to = pick(random, [
      `${text}=`,
      `${text}A`,
      text.slice(1),
      ` ${text.slice(1)}`,
      `${text}\n`,
      text.replace(/^./, '+'),
      text.replace(/^./, 'Ａ'),
      text.slice(0, -1) + (text.length % 4 === 0 ? '=' : loose[loose.indexOf(last) ^ 1]),
    ])
    return sealed(withValue(kit.document, path, to))
  },
  'a wrong checksum': wrongChecksum,
}
