// Does the device hold the same wallet in the same generation? Where the kit at hand is older, the node may have a newer one. (SPEC 5.6)

import { equalBytes } from '@tercet/protocol/bytes'
import type { KeyRecord } from '@tercet/protocol/key-record'
import type { KeyShare } from '@tercet/protocol/key-share'
import { toBase64url } from '@tercet/wire/base64url'
import type { Generation } from '@tercet/wire/exit'
import { ExitRefused } from './judge.js'

/** What is opened from a kit. */
export interface Opened {
  /** Party 3's. */
  readonly share: KeyShare
  readonly record: KeyRecord
}

/** Opens the newest kit that there is; undefined where none can be had. */
export type Newest = () => Promise<Opened | undefined>

/**
 * What is opened for the device's own generation: from the kit at hand, and only where the device is further, from the newest.
 * A node that names an epoch which the device has not reached cannot keep the two apart.
 * @throws ExitRefused `other-wallet`, `other-epoch`
 */
export async function openedFor<T extends Pick<Opened, 'share'>>(
  theirs: Pick<Generation, 'keyId' | 'epoch' | 'attempt'> & { readonly transcript?: Uint8Array },
  atHand: T,
  newest: (() => Promise<T | undefined>) | undefined,
): Promise<T> {
  const { share } = atHand
  if (!equalBytes(theirs.keyId, share.keyId))
    throw new ExitRefused('other-wallet', `the device asks for the wallet ${toBase64url(theirs.keyId)}`)
  if (isSame(theirs, share)) return atHand
  const isStale = theirs.epoch > share.epoch
  const newer = isStale ? await newest?.() : undefined
  if (newer !== undefined && isSame(theirs, newer.share)) return newer
  throw new ExitRefused(
    'other-epoch',
    theirs.epoch === share.epoch
      ? 'device and kit are of different reshares: export a new kit from the device'
      : `this kit is of epoch ${share.epoch} and the device is at ${theirs.epoch}: export a new kit from the device`,
    isStale ? 'stale-epoch' : 'other-epoch',
  )
}

function isSame({ epoch, attempt, transcript }: Parameters<typeof openedFor>[0], share: KeyShare): boolean {
  return (
    epoch === share.epoch &&
    attempt === share.attempt &&
    (transcript === undefined || equalBytes(transcript, share.transcript))
  )
}
