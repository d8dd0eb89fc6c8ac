// What does a device in a process of its own do? Opens its wallet or creates one, takes its steps, and says so in JSON lines.
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Wallet } from '@tercet/client'
import { loopbackLink } from '@tercet/client/recovery'
import { fileStorage } from '@tercet/client/storage/file'
import { memoryStorage } from '@tercet/client/storage/memory'
import { decodeKit } from '@tercet/wire/kit'
import {
  codeOf,
  DEVICE_PASSPHRASE,
  type DeviceEvent,
  type DeviceJoin,
  type DeviceStep,
  type DeviceTask,
  textOf,
} from '../../support/device-process.js'
import { lateStorage } from '../../support/late-storage.js'
import { someRecovery } from '../../support/recovery.js'

/** Longer than it takes the node to answer, shorter than the device runs. */
const LATE_MS = 400

const task = JSON.parse(process.argv[2] ?? '{}') as DeviceTask
const say = (event: DeviceEvent): boolean => process.stdout.write(`${JSON.stringify(event)}\n`)
const kept =
  task.file === undefined
    ? memoryStorage()
    : await fileStorage({ path: task.file, passphrase: DEVICE_PASSPHRASE })
const storage = task.flaw === 'late-storage' ? lateStorage(kept, () => pause(LATE_MS)) : kept
const common = {
  storage,
  pool: { size: task.pool ?? 0 },
  onProgress: ({ stage }: { stage: string }) => say({ event: 'progress', stage }),
}

async function openOrCreate(): Promise<Wallet> {
  for (const { id, state, node } of await Wallet.list(storage)) {
    try {
      const wallet = await Wallet.open({
        ...common,
        walletId: id,
        node: node === task.next ? node : task.node,
      })
      say({ event: 'wallet', id, from: state, address: wallet.address() })
      return wallet
    } catch (error) {
      say({ event: 'refused', code: codeOf(error) })
      // The one refusal that ends a creation: the node knows nothing of it, and the device has forgotten it too.
      if (codeOf(error) !== 'unknown-session') throw error
    }
  }
  const wallet = await (task.join === undefined ? create() : joined(task.join))
  say({ event: 'wallet', id: wallet.id, from: 'nothing', address: wallet.address() })
  return wallet
}

function create(): Promise<Wallet> {
  const recovery = someRecovery((length) => randomBytes(length))
  return Wallet.create({ ...common, node: task.node, recovery })
}

function joined({ invitation, link, timeoutMilliseconds }: DeviceJoin): Promise<Wallet> {
  return Wallet.join({
    ...common,
    node: task.node,
    invitation,
    link: loopbackLink(link),
    linkTimeoutMilliseconds: timeoutMilliseconds,
  })
}

async function take(wallet: Wallet, step: DeviceStep): Promise<void> {
  switch (step.step) {
    case 'refresh':
      return wallet.refresh()
    case 'operator':
      if (wallet.node === step.node) return
      return wallet.changeOperator({ node: step.node, expectedIdentity: step.identity })
    case 'sign': {
      const { serialized, mode } = await wallet.signMessage(step.message)
      say({ event: 'signed', message: step.message, serialized, mode })
    }
  }
}

async function attempt<T>(step: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    say({ event: 'failed', step, code: codeOf(error), text: textOf(error) })
    process.exitCode = 1
    return undefined
  }
}

const wallet = await attempt('open', openOrCreate)
if (wallet !== undefined) {
  for (const step of task.steps) await attempt(step.step, () => take(wallet, step))
  await attempt('end', async () => {
    const { epoch, attempt } = decodeKit(await wallet.recoveryKit()).record
    await wallet.close()
    const wallets = await Wallet.list(storage)
    say({ event: 'held', wallets: wallets.map(({ id, state }) => ({ id, state, epoch, attempt })) })
  })
}
await storage.close()
