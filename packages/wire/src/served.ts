// Does the cosigner serve an epoch, and where is it reached? What its last answer signs of both. (SPEC 1.2, 5.2: active)

import { verifyTagged } from './identity.js'
import type { Kit } from './kit.js'

/** What keygen.res3, reshare.res3 and newcomer.res3 have in common. */
export interface ServedMessage {
  /** On `TH("sig/active", keyId, Tr)`. */
  readonly active: Uint8Array
  /** On `TH("sig/node", keyId, address)`. */
  readonly addressSignature: Uint8Array
  /** UTF-8 */
  readonly nodeAddress: Uint8Array
}

/** The epoch's kit with the node's address in it; undefined unless the kit's cosigner signed both. */
export async function servedKit(kit: Kit, message: ServedMessage): Promise<Kit | undefined> {
  const { keyId, transcript, sidInputs } = kit.record
  const { active, addressSignature, nodeAddress } = message
  const serves = await verifyTagged(sidInputs.idC, active, 'sig/active', keyId, transcript)
  const addressed = await verifyTagged(sidInputs.idC, addressSignature, 'sig/node', keyId, nodeAddress)
  if (!serves || !addressed) return undefined
  return { ...kit, node: { address: new TextDecoder().decode(nodeAddress), signature: addressSignature } }
}
