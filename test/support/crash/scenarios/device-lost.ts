// Scenario: the recovery machine and the node give a new device the place of a lost one; it signs. (SPEC 5.2, 5.3)
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { joinCode } from '@tercet/client/recovery'
import { fileStorage } from '@tercet/client/storage/file'
import { DEVICE_PASSPHRASE, type DeviceEvent } from '../../device-process.js'
import { initNode } from '../../node-process.js'
import type { Program } from '../../processes.js'
import { lineOf } from '../../recovery-lines.js'
import { recoverableWallet, startRecoveryUnder } from '../../recovery-program.js'
import { only, type Scenario } from '../scenario.js'
import type { Stage } from '../stage.js'

/** How long a machine waits for the other one by itself. */
const WAIT_SECONDS = 60
/** After so long a person sees that one of the two is dead, and stops the other. */
const NOTICED_MS = 2000

export const deviceLost: Scenario = {
  name: 'device lost',
  victims: ['node', 'device', 'recovery'],
  nodes: ['node'],
  pair: { node: 'node', device: 'device' },
  prepare: async (stage) => {
    await initNode(stage.path('node'))
    const { url } = await stage.node('node')
    const { wallet } = await recoverableWallet(stage.folder, 'lost', url, 0)
    const [id, address] = [wallet.id, wallet.address()]
    await wallet.close()
    mkdirSync(stage.path('device'), { mode: 0o700 })
    const storage = await fileStorage({
      path: stage.path('device', 'wallet'),
      passphrase: DEVICE_PASSPHRASE,
    })
    writeFileSync(stage.path('code'), await joinCode({ storage }))
    await storage.close()
    return [{ event: 'wallet', id, from: 'ready', address }]
  },
  play: async (stage) => {
    const { url } = await stage.node('node')
    const recovery = stage.launch('recovery', (under) =>
      startRecoveryUnder(
        under,
        ...['recover', stage.path('lost.kit'), '--key', stage.path('lost.key'), '--node', url],
        ...['--device', readFileSync(stage.path('code'), 'utf8'), '--link', 'loopback'],
        ...['--wait', String(WAIT_SECONDS)],
      ),
    )
    const told = await toldBy(recovery, stage.path('told'))
    const device = told === undefined ? [] : await joining(stage, recovery, url, told)
    const code = await recovery.ended()
    return code === 0 ? device : [...device, failed(recovery, code)]
  },
}

interface Told {
  readonly invitation: string
  readonly link: string
}

/** What the person at the device was told: by this run of the recovery program, or by an earlier one. */
async function toldBy(recovery: Program, kept: string): Promise<Told | undefined> {
  try {
    const link = await lineOf(recovery, 'link')
    const told = { link, invitation: await lineOf(recovery, 'invitation') }
    writeFileSync(kept, JSON.stringify(told))
    return told
  } catch {
    // It has ended: because it was killed, or because it has nothing left to do.
    return existsSync(kept) ? (JSON.parse(readFileSync(kept, 'utf8')) as Told) : undefined
  }
}

async function joining(stage: Stage, recovery: Program, url: string, told: Told): Promise<DeviceEvent[]> {
  const dead = recovery.ended().then((code) => (code === 0 ? new Promise(() => {}) : pause(NOTICED_MS)))
  const join = { ...told, timeoutMilliseconds: WAIT_SECONDS * 1000 }
  const steps = [{ step: 'sign', message: 'from the new device' }] as const
  const events = await stage.device('device', { node: url, join, steps }, dead)
  if (only(events, 'held').length === 0) await recovery.stop()
  return events
}

function failed(recovery: Program, code: number | string): DeviceEvent {
  const report = recovery.stdout().trim()
  const reason = report.startsWith('{') ? String((JSON.parse(report) as { reason?: string }).reason) : ''
  return { event: 'failed', step: 'recover', code: `recovery ${code} ${reason}`.trim(), text: report }
}
