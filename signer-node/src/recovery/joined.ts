// How does a key that was handed over become one that this node serves? (SPEC 5.3)

import type { CosignerEpochs } from '@tercet/protocol/epochs'
import type { KeyRecord } from '@tercet/protocol/key-record'
import { fromBase64url } from '@tercet/wire/base64url'
import { firstState, type KeyState } from '../store/key-state.js'
import type { Store, Tx } from '../store/open.js'
import { insertShare } from '../store/shares.js'
import { insertDevice } from '../store/wallets.js'
import { forgetJoin, type HandedOver } from './joining.js'

/**
 * In the transaction of COMMIT: key, share, device and state, and the way here forgotten.
 * @param answer to COMMIT, which a repeat gets again, for ever
 */
export async function insertJoined(
  store: Store,
  tx: Tx,
  epochs: CosignerEpochs,
  handed: HandedOver,
  record: KeyRecord,
  answer: Uint8Array,
  time: number,
): Promise<void> {
  const { keyId, transcript } = record
  const device = fromBase64url(epochs.act.holder, 'holder', 34)
  const { recoveryKey, policyHash } = record.sidInputs
  const first = firstState({
    device,
    transcript,
    recoveryKey,
    policyHash,
    otSetupA: new Uint8Array(0),
    created: time,
  })
  // A reshare that replaces a party carries no OT setup: the device makes one with its first use.
  const state: KeyState = { ...first, epochs, setups: [] }
  await tx
    .insertInto('keys')
    .values({
      key_id: keyId,
      public_key: record.publicKey,
      chain_code: record.chainCode,
      transcript,
      confirmation: answer,
      created: time,
    })
    .execute()
  await store.states.insert(tx, keyId, state, [{ event: 'joined', time, policyHash }])
  await insertShare(tx, { keyId, ...epochs.act.id }, { sealedShare: handed.sealed, kit: handed.kit })
  await insertDevice(tx, keyId, device)
  await forgetJoin(tx, keyId)
}
