// Who takes this node's keys over, by its operator's word alone? (SPEC 5.3: never by a device's)

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { equalBytes } from '@tercet/protocol/bytes'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { canonicalize, type JsonObject, parseCanonical } from '@tercet/wire/canonical-json'
import { StartRefused } from '../refusal.js'
import type { Tagger } from '../seal.js'

/** Stands for every wallet that has no successor of its own. */
const EVERY_WALLET = '*'

/** By walletId, or for every one: identities as base64url. */
type Named = Readonly<Record<string, string>>

/**
 * Names the next cosigner of one wallet, or of every one; undefined takes the name back. The file is tagged, so that
 * nobody names one without the wrapping key; a node that runs reads it within seconds.
 * @throws StartRefused for a file that somebody else wrote
 */
export function setSuccessor(
  path: string,
  tagger: Tagger,
  wallet: string = EVERY_WALLET,
  identity: Uint8Array | undefined,
): void {
  const { [wallet]: _before, ...others } = read(path, tagger)
  const named = identity === undefined ? others : { ...others, [wallet]: toBase64url(identity) }
  const tag = toBase64url(tagger.tag(PLACE, canonicalize(named)))
  const file = openSync(`${path}.new`, 'w', 0o600)
  writeSync(file, canonicalize({ named, tag }))
  fsyncSync(file)
  closeSync(file)
  renameSync(`${path}.new`, path)
}

/** What the operator said, as it was read last. */
export function createSuccessors(path: string, tagger: Tagger) {
  let named: Named = {}
  return {
    /** @throws StartRefused for a file that somebody else wrote */
    reload(): void {
      named = {}
      named = read(path, tagger)
    },
    get count(): number {
      return Object.keys(named).length
    },
    /** Whether the operator named this identity as the next cosigner of the key. */
    isSuccessor(keyId: Uint8Array, identity: Uint8Array): boolean {
      const next = named[toBase64url(keyId)] ?? named[EVERY_WALLET]
      return next !== undefined && equalBytes(fromBase64url(next, 'successor', 34), identity)
    },
  }
}

export type Successors = ReturnType<typeof createSuccessors>

const PLACE = {
  table: 'successors',
  row: 'file',
  keyId: new Uint8Array(32),
  epoch: 0,
  purpose: 'next cosigner',
}

function read(path: string, tagger: Tagger): Named {
  if (!existsSync(path)) return {}
  try {
    const { named, tag } = parseCanonical(readFileSync(path), 'successors') as JsonObject
    const isOwn = tagger.verify(
      PLACE,
      canonicalize(named as JsonObject),
      fromBase64url(String(tag), 'tag', 32),
    )
    if (isOwn) return named as Record<string, string>
  } catch {}
  throw new StartRefused(`${path} was not written by \`tercet-node successor\` with this wrapping key`)
}
