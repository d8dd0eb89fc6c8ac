// How does a test get a device that holds the fixture's wallet, and the wallet's kit, without a key generation?

import type { DeviceStorage } from '@tercet/client'
import { memoryStorage } from '@tercet/client/storage/memory'
import { encodeKeyShare } from '@tercet/protocol/key-share'
import { encodeOtSetup } from '@tercet/protocol/ot-setup'
import { toBase64url } from '@tercet/wire/base64url'
import { canonicalize } from '@tercet/wire/canonical-json'
import { type Identity as Signer, signTagged } from '@tercet/wire/identity'
import { encodeKit } from '@tercet/wire/kit'
import { fixtureWallet, type Identity } from './fixture.js'
import type { Generation } from './reshare.js'

export interface StoredWallet {
  readonly walletId: string
  readonly storage: DeviceStorage
  /** Identity of the device, as the wire signs with it. */
  readonly device: Signer
  /** The wallet's recovery kit. */
  readonly kit: Uint8Array
  readonly kappa: bigint
}

const NODE = 'https://node.example'

/**
 * A new store in memory with the fixture's wallet in it, as the client keeps one; of a later generation where one is given,
 * without an OT setup.
 */
export async function storedWallet(generation?: Generation): Promise<StoredWallet> {
  const { identities, share, otSetup, ...first } = fixtureWallet()
  const { record, kappa } = generation ?? first
  const [device, cosigner] = [signer(identities.device), signer(identities.cosigner)]
  const tr = [record.keyId, record.transcript] as const
  const kit = encodeKit({
    record,
    signatures: {
      device: await signTagged(device, 'sig/tr', 'device', ...tr),
      cosigner: await signTagged(cosigner, 'sig/tr', 'cosigner', ...tr),
    },
    node: { address: NODE, signature: await signTagged(cosigner, 'sig/node', record.keyId, NODE) },
  })
  const walletId = toBase64url(record.keyId)
  const storage = { ...memoryStorage(), identity: async () => device }
  await storage.put({
    [`wallet/${walletId}/meta`]: canonicalize({
      version: '1',
      stage: 'ready',
      node: NODE,
      cosigner: toBase64url(record.sidInputs.idC),
    }),
    [`wallet/${walletId}/share`]: encodeKeyShare(generation?.shares[0] ?? share(1)),
    [`wallet/${walletId}/ot`]: generation ? new Uint8Array(0) : encodeOtSetup(otSetup(1, 2, 'initiator')),
    [`wallet/${walletId}/kit`]: kit,
  })
  return { walletId, storage, device, kit, kappa }
}

function signer({ id, sign }: Identity): Signer {
  return { publicIdentity: id, sign: async (message) => sign(message) }
}
