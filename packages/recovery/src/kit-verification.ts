// Is a recovery kit right, and is it the kit of this wallet? (SPEC 1.6)

import { evmAddress } from '@tercet/chains/evm'
import { equalBytes } from '@tercet/protocol/bytes'
import { decodePoint } from '@tercet/protocol/curve'
import { derive, parsePath } from '@tercet/protocol/derivation'
import { Malformed, ProtocolAbort } from '@tercet/protocol/errors'
import type { KeyRecord } from '@tercet/protocol/key-record'
import { RECOVERY } from '@tercet/protocol/party'
import { verifyRecord } from '@tercet/protocol/recovery-share'
import { toBase64url } from '@tercet/wire/base64url'
import { decodeIdentity, recoveryIdentity, verifyTagged } from '@tercet/wire/identity'
import { decodeKit, type Kit, kitFingerprint } from '@tercet/wire/kit'

/** Why a kit is not right. `field` names the part that is no encoding. */
export type KitReason =
  | 'malformed'
  | 'record'
  | 'verifiable-encryption'
  | 'device-signature'
  | 'cosigner-signature'
  | 'recovery-signature'
  | 'address-signature'

/** The kit is not what it says; nothing in it may be relied on. */
export class KitRefused extends Error {
  override readonly name = 'KitRefused'
  readonly reason: KitReason
  readonly field: string | undefined
  constructor(reason: KitReason, field?: string) {
    super(field === undefined ? TEXTS[reason] : `${TEXTS[reason]}: ${field}`)
    this.reason = reason
    this.field = field
  }
}

const TEXTS: Record<KitReason, string> = {
  malformed: 'not a recovery kit, or damaged',
  record: 'the record of the key does not add up',
  'verifiable-encryption': 'an encrypted half of the recovery share is not what it must be',
  'device-signature': "the device's signature on the record does not verify",
  'cosigner-signature': "the cosigner's signature on the record does not verify",
  'recovery-signature': "the recovery party's signature on the record, which it dealt for, does not verify",
  'address-signature': "the cosigner's signature on the node's address does not verify",
}

/** A kit in which everything fits together, and what it says. */
export interface ConsistentKit {
  readonly kit: Kit
  readonly walletId: string
  readonly epoch: number
  readonly node: string
  /** `TH("kit/fp", keyId, K, idD, idC)`, 32 bytes. */
  readonly fingerprint: Uint8Array
}

/**
 * Every check that needs nothing but the kit: encoding, checksum, record, both verifiable encryptions, the
 * signatures of both online parties and of a recovery party that dealt, and that of the node's address. It shows that the kit is consistent, not whose
 * it is. @throws KitRefused
 */
export async function verifyKit(bytes: Uint8Array): Promise<ConsistentKit> {
  const kit = decode(bytes)
  const { keyId, transcript, sidInputs } = kit.record
  check(kit)
  const { device, cosigner } = kit.signatures
  if (!(await verifyTagged(sidInputs.idD, device, 'sig/tr', 'device', keyId, transcript)))
    throw new KitRefused('device-signature')
  if (!(await verifyTagged(sidInputs.idC, cosigner, 'sig/tr', 'cosigner', keyId, transcript)))
    throw new KitRefused('cosigner-signature')
  if (!(await recoverySigned(kit))) throw new KitRefused('recovery-signature')
  if (!(await verifyTagged(sidInputs.idC, kit.node.signature, 'sig/node', keyId, kit.node.address)))
    throw new KitRefused('address-signature')
  return {
    kit,
    walletId: toBase64url(keyId),
    epoch: kit.record.epoch,
    node: kit.node.address,
    fingerprint: kitFingerprint(kit),
  }
}

/** Values that the verifier holds from elsewhere; each that is given is compared. */
export interface Expected {
  /** An EVM address of the wallet, at `path` (m/0/0 where left out). */
  readonly address?: string
  readonly path?: string
  /** keyId, 32 bytes */
  readonly wallet?: Uint8Array
  /** X, 33 bytes */
  readonly publicKey?: Uint8Array
  /** K, 33 bytes */
  readonly recoveryKey?: Uint8Array
  readonly epoch?: number
  /** idD, 34 bytes */
  readonly device?: Uint8Array
  /** idC, 34 bytes */
  readonly cosigner?: Uint8Array
  /** What {@link ConsistentKit} calls its fingerprint: stands for recoveryKey, device and cosigner. */
  readonly fingerprint?: Uint8Array
}

export type Comparison =
  | 'address'
  | 'wallet'
  | 'publicKey'
  | 'recoveryKey'
  | 'epoch'
  | 'device'
  | 'cosigner'
  | 'fingerprint'

export interface Verdict {
  /**
   * `valid`: nothing differs and the address is the expected one. `consistent`: nothing differs, and the address was not
   * compared: the public key alone says nothing of the chain code. `other`: something differs.
   */
  readonly verdict: 'valid' | 'consistent' | 'other'
  readonly same: readonly Comparison[]
  readonly different: readonly Comparison[]
  /**
   * What a forger could still have chosen: of the wallet's key, the recovery key and both parties, those that were not
   * compared. A kit is beyond doubt only where this is empty. (SPEC 1.6)
   */
  readonly missing: readonly Comparison[]
}

/** Compares a consistent kit with what is known from elsewhere. @throws Malformed for a bad path */
export function compareKit({ kit, fingerprint }: ConsistentKit, expected: Expected): Verdict {
  const { sidInputs, publicKey, keyId, epoch } = kit.record
  const comparisons: [Comparison, boolean | undefined][] = [
    ['address', expected.address === undefined ? undefined : sameAddress(kit, expected)],
    ['wallet', same(expected.wallet, keyId)],
    ['publicKey', same(expected.publicKey, publicKey)],
    ['recoveryKey', same(expected.recoveryKey, sidInputs.recoveryKey)],
    ['epoch', expected.epoch === undefined ? undefined : expected.epoch === epoch],
    ['device', same(expected.device, sidInputs.idD)],
    ['cosigner', same(expected.cosigner, sidInputs.idC)],
    ['fingerprint', same(expected.fingerprint, fingerprint)],
  ]
  const ofResult = (wanted: boolean) =>
    comparisons.filter(([, result]) => result === wanted).map(([name]) => name)
  const equal = ofResult(true)
  const different = ofResult(false)
  const compared = (...names: Comparison[]) => names.some((name) => equal.includes(name))
  const isAddress = compared('address')
  const missing: Comparison[] = [
    ...(isAddress ? [] : (['address'] as const)),
    ...(['recoveryKey', 'device', 'cosigner'] as const).filter((name) => !compared(name, 'fingerprint')),
  ]
  const verdict = different.length > 0 ? 'other' : isAddress ? 'valid' : 'consistent'
  return { verdict, same: equal, different, missing }
}

/** The wallet's EVM address at a path, as the kit's key gives it. @throws Malformed for a bad path */
export function kitAddress(kit: Kit, path = 'm/0/0'): string {
  const publicKey = decodePoint(kit.record.publicKey, 'publicKey')
  return evmAddress(derive({ publicKey, chainCode: kit.record.chainCode }, parsePath(path)).publicKey)
}

function sameAddress(kit: Kit, { address, path }: Expected): boolean {
  return kitAddress(kit, path).toLowerCase() === address?.toLowerCase()
}

function same(expected: Uint8Array | undefined, actual: Uint8Array): boolean | undefined {
  return expected === undefined ? undefined : equalBytes(expected, actual)
}

function decode(bytes: Uint8Array): Kit {
  try {
    return decodeKit(bytes)
  } catch (error) {
    if (error instanceof Malformed) throw new KitRefused('malformed', error.field)
    throw error
  }
}

/**
 * Device and cosigner sign on P-256 and the recovery party on secp256k1, in this epoch and as dealers of the one before;
 * verifyTagged takes either from anybody. @throws Malformed
 */
function checkIdentities(record: KeyRecord): void {
  decodeIdentity(record.sidInputs.idD, 'kit.idD')
  decodeIdentity(record.sidInputs.idC, 'kit.idC')
  if (record.version === 1) return
  const { idDealerA, idDealerB } = record.sidInputs
  decodeIdentity(idDealerA, 'kit.idDealerA')
  if (record.dealers[1] !== RECOVERY) decodeIdentity(idDealerB, 'kit.idDealerB')
  else if (!equalBytes(recoveryIdentity(idDealerB.slice(1)), idDealerB)) throw new Malformed('kit.idDealerB')
}

/** A recovery party that dealt signs as the party that it was, whatever K is now. */
async function recoverySigned({ record, signatures: { recovery } }: Kit): Promise<boolean> {
  if (record.version === 1 || record.dealers[1] !== RECOVERY) return true
  const { keyId, transcript, sidInputs } = record
  const parts = ['recovery', keyId, transcript] as const
  return recovery !== undefined && (await verifyTagged(sidInputs.idDealerB, recovery, 'sig/tr', ...parts))
}

function check(kit: Kit): void {
  try {
    checkIdentities(kit.record)
    verifyRecord(kit.record)
  } catch (error) {
    if (error instanceof Malformed) throw new KitRefused('malformed', error.field)
    if (!(error instanceof ProtocolAbort)) throw error
    throw new KitRefused(error.reason === 'verifiable-encryption' ? 'verifiable-encryption' : 'record')
  }
}
