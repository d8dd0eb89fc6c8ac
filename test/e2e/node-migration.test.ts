// Does a data folder of an earlier release open, sign on, and refuse what was changed in it by hand? (security.md 5: golden stores)

import { chmodSync, copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeKeyShare } from '@tercet/protocol/key-share'
import { decodeOtSetup } from '@tercet/protocol/ot-setup'
import { toBase64url } from '@tercet/wire/base64url'
import { importIdentity } from '@tercet/wire/identity'
import { decodeKit } from '@tercet/wire/kit'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { runNodeProgram, startNode } from '../support/node-process.js'
import { root } from '../support/root.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { messageRequest, RawDevice, type RawWallet } from './raw-device.js'

const folder = temporaryFolder('node-migration')
const golden = join(root, 'test/compat/v1/node')

interface GoldenDevice {
  readonly node: string
  readonly identity: string
  readonly share: string
  readonly otSetup: string
}

/** A copy of the golden data folder, in which statements may change things. */
function dataDirOf(name: string, ...statements: readonly string[]): string {
  const dataDir = join(folder, name)
  mkdirSync(dataDir)
  for (const file of ['node.sqlite', 'wrapping.key', 'generation']) {
    copyFileSync(join(golden, file), join(dataDir, file))
  }
  chmodSync(join(dataDir, 'wrapping.key'), 0o600)
  const database = new Database(join(dataDir, 'node.sqlite'))
  for (const statement of statements) database.exec(statement)
  database.close()
  return dataDir
}

async function deviceAt(url: string): Promise<RawWallet> {
  const text = readFileSync(join(golden, 'device.json'), 'utf8')
  const { node, identity, share, otSetup } = JSON.parse(text) as GoldenDevice
  const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))
  const own = await importIdentity(bytes(identity))
  const device = new RawDevice(url, Uint8Array.from(Buffer.from(node, 'base64url')), own)
  const kept = decodeKeyShare(bytes(share))
  const walletId = toBase64url(kept.keyId)
  return {
    device,
    share: kept,
    otSetup: decodeOtSetup(bytes(otSetup)),
    record: undefined as never,
    walletId,
    kappa: 0n,
  }
}

test('a wallet of version 1 signs, renews its setup and gives its kit', async () => {
  const dataDir = dataDirOf('golden')
  const doctor = () => runNodeProgram('doctor', '--data-dir', dataDir)
  expect(doctor().stdout).toContain('tercet-node start')
  const node = await startNode({ dataDir })
  try {
    const wallet = await deviceAt(node.url)
    await wallet.device.signFresh(wallet, messageRequest(wallet, 'migrated'))
    await wallet.device.renew(wallet, 'rotation')
    await wallet.device.signFresh(wallet, messageRequest(wallet, 'renewed'))
    expect(decodeKit((await wallet.device.kit(wallet)).body).record.keyId).toEqual(wallet.share.keyId)
  } finally {
    await node.stop()
  }
  expect(doctor()).toMatchObject({ status: 0 })
})

describe('a version 1 database that was changed by hand is not taken over', () => {
  test.each([
    ['another device', `INSERT INTO devices SELECT key_id, zeroblob(34), created, NULL FROM devices`],
    [
      'a setup that was burned',
      `DELETE FROM ot_setups WHERE state = 'LIVE'; DROP TRIGGER ot_setups_burned;
      UPDATE ot_setups SET state = 'LIVE', sealed = zeroblob(10)`,
    ],
  ])('%s', (name, statements) => {
    const dataDir = dataDirOf(name.replaceAll(' ', '-'), statements)
    const refused = runNodeProgram('start', '--data-dir', dataDir, '--port', '0', '--metrics-port', '0')
    expect(refused).toMatchObject({ status: 3, stdout: '' })
    expect(refused.stderr).toContain('audit log')
  })
})
