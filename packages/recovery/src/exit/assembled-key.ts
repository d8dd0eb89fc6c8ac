// How is a key kept that was put together, and how does its owner see it? Under a passphrase, and once on the screen.

import { equalBytes } from '@tercet/protocol/bytes'
import { decodeScalar, encodePoint, mulBase } from '@tercet/protocol/curve'
import { Malformed } from '@tercet/protocol/errors'
import type { Random } from '@tercet/protocol/random'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import {
  type Costs,
  readSealed,
  sealUnderPassphrase,
  textOf,
  unsealWithPassphrase,
} from '../passphrase-seal.js'

const KIND = 'tercet-private-key'

/** A private key, and where it stands. */
export interface AssembledKey {
  /** 32 bytes */
  readonly privateKey: Uint8Array
  readonly path: string
  readonly address: string
}

/** The file's bytes (text, one line). */
export function encodeAssembledKey(
  { privateKey, path, address }: AssembledKey,
  passphrase: string,
  random: Random,
  costs?: Costs,
): Promise<Uint8Array> {
  const publicKey = toBase64url(publicKeyOf(privateKey))
  const header = { version: 1, kind: KIND, publicKey, path, address } as const
  return sealUnderPassphrase(header, privateKey, passphrase, random, costs)
}

/** The key in a file; undefined for a wrong passphrase. @throws Malformed when it is damaged */
export async function openAssembledKey(
  file: Uint8Array,
  passphrase: string,
): Promise<AssembledKey | undefined> {
  const document = readSealed(file, KIND)
  const privateKey = await unsealWithPassphrase(document, passphrase)
  if (privateKey === undefined) return undefined
  const expected = fromBase64url(textOf(document, 'publicKey'), 'file.publicKey', 33)
  if (!equalBytes(publicKeyOf(privateKey), expected)) throw new Malformed('file.publicKey')
  return { privateKey, path: textOf(document, 'path'), address: textOf(document, 'address') }
}

/** As other software reads it: 0x and 64 hexadecimal digits. */
export function spellPrivateKey(privateKey: Uint8Array): string {
  return `0x${Buffer.from(privateKey).toString('hex')}`
}

function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  return encodePoint(mulBase(decodeScalar(privateKey, 'privateKey', 'nonzero')))
}
