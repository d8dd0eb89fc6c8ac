// Who takes this node's keys over, by its operator's word alone? (SPEC 5.3: never by a device's)

import { equalBytes } from '@tercet/protocol/bytes'
import { toBase64url } from '@tercet/wire/base64url'
import type { Store, Tx } from '../store/open.js'

/** Stands for every key. */
const EVERY_KEY = new Uint8Array(32)

/** Names the next cosigner of one key, or of every key that has none of its own; undefined takes the name back. */
export async function setSuccessor(
  store: Store,
  keyId: Uint8Array = EVERY_KEY,
  identity: Uint8Array | undefined,
): Promise<void> {
  await store.write(async (tx) => {
    await tx.deleteFrom('successors').where('key_id', '=', keyId).execute()
    if (identity === undefined) return
    const tag = store.tagger.tag(placeOf(keyId), identity)
    await tx.insertInto('successors').values({ key_id: keyId, identity, tag }).execute()
  })
}

/** Whether the operator named this identity as the next cosigner of the key. */
export async function isSuccessor(
  store: Store,
  db: Pick<Tx, 'selectFrom'>,
  keyId: Uint8Array,
  identity: Uint8Array,
): Promise<boolean> {
  const rows = await db
    .selectFrom('successors')
    .selectAll()
    .where('key_id', 'in', [keyId, EVERY_KEY])
    .execute()
  const own = rows.find(({ key_id }) => equalBytes(key_id, keyId)) ?? rows[0]
  if (own === undefined || !store.tagger.verify(placeOf(own.key_id), own.identity, own.tag)) return false
  return equalBytes(own.identity, identity)
}

function placeOf(keyId: Uint8Array) {
  return { table: 'successors', row: toBase64url(keyId), keyId, epoch: 0, purpose: 'next cosigner' }
}
