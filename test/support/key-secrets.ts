// Which values must never be found? The checker alone opens every store and computes them, after all processes ended.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { equalBytes } from '@tercet/protocol/bytes'
import { encodePoint, encodeScalar, mod, mulBase, ORDER } from '@tercet/protocol/curve'
import { derive, parsePath } from '@tercet/protocol/derivation'
import { encodeKeyShare, type KeyShare } from '@tercet/protocol/key-share'
import { recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { openRecoveryShare } from '@tercet/protocol/recovery-share'
import { openKeyFile } from '@tercet/recovery/recovery-key-file'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { importIdentity } from '@tercet/wire/identity'
import { decodeKit, type Kit } from '@tercet/wire/kit'
import Database from 'better-sqlite3'
import type { Secret } from './encodings.js'
import { built } from './root.js'

/** Where everything that the checker opens lies, and what opens it. */
export interface Evidence {
  readonly deviceFile: string
  readonly devicePassphrase: string
  readonly nodeFolder: string
  readonly recoveryKeyFile: string
  readonly recoveryPassphrase: string
  readonly kit: Uint8Array
  /** What the device drew for scalars during keygen, 48 bytes each. */
  readonly draws: readonly Uint8Array[]
}

export interface KeySecrets {
  readonly secrets: readonly Secret[]
  /** The one secret with a file of its own, where it lies in clear. */
  readonly wrappingKey: Secret
}

/** Opens everything and checks each value against its public point. Throws if one does not belong to the wallet. */
export async function keySecrets(evidence: Evidence): Promise<KeySecrets> {
  const kit = decodeKit(evidence.kit)
  const seed = await openKeyFile(
    new Uint8Array(await readFile(evidence.recoveryKeyFile)),
    evidence.recoveryPassphrase,
  )
  const { kappa } = recoveryKeyFromSeed(seed)
  const third = openRecoveryShare(kit.record, kappa)
  const device = await openDevice(evidence, kit)
  const { share: cosigner, identityKey, wrappingKey } = await openNode(evidence.nodeFolder, kit)
  const [s1, s2, s3] = [device.share, cosigner, scalarOf(third)] as const
  // A line through (1, s1) and (2, s2): its value at 0 is the key, at 3 the third share.
  const x = mod(2n * s1 - s2)
  belongs('key', x, kit.record.publicKey)
  for (const [i, share] of [s1, s2, s3].entries()) {
    const point = third.publicShares[i]
    belongs(`share ${i + 1}`, share, point === undefined ? new Uint8Array() : encodePoint(point))
  }
  const [a10, a11] = polynomialOf(kit, evidence.draws)
  const [a20, a21] = [mod(x - a10), mod(s2 - s1 - a11)]
  belongs('a20', a20, kit.record.commitments[1][0])
  belongs('a21', a21, kit.record.commitments[1][1])
  const { tweak } = derive({ publicKey: third.publicKey, chainCode: third.chainCode }, parsePath('m/0/0'))
  const scalars: [string, bigint][] = [
    ['the key', x],
    ['the key of m/0/0', mod(x + tweak.scalar)],
    ["the device's share", s1],
    ["the cosigner's share", s2],
    ['the recovery share', s3],
    ["the device's polynomial, constant", a10],
    ["the device's polynomial, slope", a11],
    ["the cosigner's polynomial, constant", a20],
    ["the cosigner's polynomial, slope", a21],
    ['the recovery key', kappa],
    ...[1n, 2n, 3n].flatMap((j): [string, bigint][] => [
      [`the device's sub-share for party ${j}`, mod(a10 + j * a11)],
      [`the cosigner's sub-share for party ${j}`, mod(a20 + j * a21)],
    ]),
  ]
  const secrets = scalars.map(([name, scalar]) => ({ name, bytes: encodeScalar(scalar) }))
  secrets.push({ name: "the recovery key's seed", bytes: seed })
  secrets.push({ name: "the device's identity key", bytes: device.identityKey })
  secrets.push({ name: "the node's identity key", bytes: identityKey })
  for (const [i, bytes] of device.otSeeds.entries())
    secrets.push({ name: `an OT seed of the device (${i})`, bytes })
  return { secrets, wrappingKey: { name: "the node's wrapping key", bytes: wrappingKey } }
}

/** What the checker uses of the device's own modules; no package exports it. */
interface DeviceModules {
  openFile(
    file: Uint8Array,
    passphrase: string,
  ): Promise<{ contents: { identity?: Uint8Array; records: ReadonlyMap<string, Uint8Array> } }>
}

async function openDevice(
  { deviceFile, devicePassphrase }: Evidence,
  { record }: Kit,
): Promise<{ share: bigint; identityKey: Uint8Array; otSeeds: Uint8Array[] }> {
  const path = built('client-sdk/dist/storage/file-format.js')
  const { openFile } = (await import(pathToFileURL(path).href)) as DeviceModules
  const file = new Uint8Array(await readFile(deviceFile))
  const { identity, records } = (await openFile(file, devicePassphrase)).contents
  const read = (part: string) => {
    const bytes = [...records].find(([key]) => key.startsWith('wallet/') && key.endsWith(part))?.[1]
    if (bytes === undefined) throw new Error(`the device's store has no ${part}`)
    return bytes
  }
  if (identity === undefined) throw new Error("the device's store has no identity")
  const share = read('/share')
  if (!equalBytes(share.slice(3, 35), record.keyId)) throw new Error('the share is of another wallet')
  const setup = read('/ot')
  // The last 3 * 4096 bytes are seeds of 32 bytes.
  const otSeeds = [0, 4095, 8191, 12_255].map((at) => {
    const start = setup.length - 12_288 + (at - (at % 32))
    return setup.slice(start, start + 32)
  })
  const identityKey = await identityScalar(identity, record.sidInputs.idD)
  return { share: BigInt(`0x${Buffer.from(share.slice(-32)).toString('hex')}`), identityKey, otSeeds }
}

/** The private scalar of an identity, checked against its public half. */
async function identityScalar(pkcs8: Uint8Array, publicIdentity: Uint8Array): Promise<Uint8Array> {
  const kept = await importIdentity(pkcs8, { extractable: true })
  if (!equalBytes(kept.publicIdentity, publicIdentity)) throw new Error('an identity is not of this wallet')
  const { d } = await crypto.subtle.exportKey('jwk', kept.privateKey)
  return fromBase64url(d ?? '', 'identity', 32)
}

/** What the checker uses of the node's own modules; no package exports them. */
interface NodeModules {
  readWrappingKey(path: string): Uint8Array
  createSealer(
    key: Uint8Array,
    random: (length: number) => Uint8Array,
  ): { open(place: object, sealed: Uint8Array): Uint8Array }
  openShare(
    sealer: unknown,
    place: { keyId: Uint8Array; epoch: number; attempt: number },
    sealed: Uint8Array,
  ): KeyShare
}

async function openNode(
  folder: string,
  { record }: Kit,
): Promise<{ share: bigint; identityKey: Uint8Array; wrappingKey: Uint8Array }> {
  const parts = await Promise.all(
    ['wrapping-key', 'seal', 'engine/material'].map(
      (name) => import(pathToFileURL(built(`signer-node/dist/${name}.js`)).href) as Promise<object>,
    ),
  )
  const node = Object.assign({}, ...parts) as NodeModules
  const wrappingKey = node.readWrappingKey(join(folder, 'wrapping.key'))
  const database = new Database(join(folder, 'node.sqlite'), { readonly: true })
  try {
    const row = database
      .prepare<[Uint8Array], { sealed: Buffer }>('SELECT sealed FROM shares WHERE key_id = ?')
      .get(Buffer.from(record.keyId))
    if (row === undefined) throw new Error('the node has no share of this wallet')
    const sealer = node.createSealer(wrappingKey, () => new Uint8Array())
    const { idC } = record.sidInputs
    const sealed = database.prepare<[], { sealed: Buffer }>('SELECT sealed FROM identity').get()?.sealed
    const place = { table: 'identity', row: toBase64url(idC), keyId: new Uint8Array(32), epoch: 0 }
    const pkcs8 = sealer.open({ ...place, purpose: 'node identity' }, new Uint8Array(sealed ?? []))
    return {
      share: scalarOf(node.openShare(sealer, record, new Uint8Array(row.sealed))),
      identityKey: await identityScalar(pkcs8, idC),
      wrappingKey,
    }
  } finally {
    database.close()
  }
}

/** The device's two coefficients are among what it drew: the commitments tell which. */
function polynomialOf({ record }: Kit, draws: readonly Uint8Array[]): [bigint, bigint] {
  const [c0, c1] = record.commitments[0]
  const scalars = draws.map(
    (bytes) => (BigInt(`0x${Buffer.from(bytes).toString('hex')}`) % (ORDER - 1n)) + 1n,
  )
  const found = [c0, c1].map((point) =>
    scalars.find((scalar) => equalBytes(encodePoint(mulBase(scalar)), point)),
  )
  const [a0, a1] = found
  if (a0 === undefined || a1 === undefined) throw new Error("the device's polynomial is not among its draws")
  return [a0, a1]
}

function scalarOf(share: KeyShare): bigint {
  return BigInt(`0x${Buffer.from(encodeKeyShare(share).slice(-32)).toString('hex')}`)
}

function belongs(name: string, scalar: bigint, point: Uint8Array): void {
  if (!equalBytes(encodePoint(mulBase(scalar)), point))
    throw new Error(`${name} does not belong to the wallet`)
}
