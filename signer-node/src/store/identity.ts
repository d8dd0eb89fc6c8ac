// Where does the node's own identity key lie? Sealed, in its database. (SPEC 0.4)

import { toBase64url } from '@tercet/wire/base64url'
import { exportIdentity, generateIdentity, importIdentity, type KeptIdentity } from '@tercet/wire/identity'
import { StartRefused } from '../refusal.js'
import type { Place, Sealer } from '../seal.js'
import type { Store } from './open.js'

function place(publicIdentity: Uint8Array): Place {
  return {
    table: 'identity',
    row: toBase64url(publicIdentity),
    keyId: new Uint8Array(32),
    epoch: 0,
    purpose: 'node identity',
  }
}

/** Makes the node's identity and stores it. Returns its public half, 34 bytes. */
export async function createIdentity(store: Store, sealer: Sealer): Promise<Uint8Array> {
  const identity = await generateIdentity({ extractable: true })
  const plain = await exportIdentity(identity)
  const sealed = sealer.seal(place(identity.publicIdentity), plain)
  plain.fill(0)
  const row = { id: 1, public_identity: identity.publicIdentity, sealed }
  await store.write((tx) => tx.insertInto('identity').values(row).execute())
  return identity.publicIdentity
}

/** @throws StartRefused when the wrapping key is not the one that sealed it */
export async function loadIdentity(store: Store, sealer: Sealer): Promise<KeptIdentity> {
  const row = await store.read((db) => db.selectFrom('identity').selectAll().executeTakeFirst())
  if (row === undefined) throw new StartRefused('the database holds no identity: run `tercet-node init`')
  try {
    const plain = sealer.open(place(row.public_identity), row.sealed)
    const identity = await importIdentity(plain)
    plain.fill(0)
    if (Buffer.compare(identity.publicIdentity, row.public_identity) === 0) return identity
  } catch {}
  throw new StartRefused('the wrapping key does not open this database')
}
