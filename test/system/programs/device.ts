// What does a device in a process of its own do? Opens its wallet or creates one, signs, and says so in JSON lines.
import { randomBytes } from 'node:crypto'
import { Wallet } from '@tercet/client'
import { fileStorage } from '@tercet/client/storage/file'
import { memoryStorage } from '@tercet/client/storage/memory'
import { codeOf, type DeviceEvent, type DeviceTask } from '../../support/device-process.js'
import { someRecovery } from '../../support/recovery.js'

const task = JSON.parse(process.argv[2] ?? '{}') as DeviceTask
const say = (event: DeviceEvent): boolean => process.stdout.write(`${JSON.stringify(event)}\n`)
const common = {
  storage:
    task.file === undefined ? memoryStorage() : await fileStorage({ path: task.file, passphrase: 'p' }),
  pool: { size: task.pool ?? 0 },
  onProgress: ({ stage }: { stage: string }) => say({ event: 'progress', stage }),
}

async function openOrCreate(): Promise<Wallet> {
  for (const { id, state } of await Wallet.list(common.storage)) {
    try {
      const wallet = await Wallet.open({ ...common, walletId: id, node: task.node })
      say({ event: 'wallet', id, from: state, address: wallet.address() })
      return wallet
    } catch (error) {
      say({ event: 'refused', code: codeOf(error) })
      // The one refusal that ends a creation: the node knows nothing of it, and the device has forgotten it too.
      if (codeOf(error) !== 'unknown-session') throw error
    }
  }
  const recovery = someRecovery((length) => randomBytes(length))
  const wallet = await Wallet.create({ ...common, node: task.node, recovery })
  say({ event: 'wallet', id: wallet.id, from: 'nothing', address: wallet.address() })
  return wallet
}

try {
  const wallet = await openOrCreate()
  for (const message of task.messages) {
    const { serialized, mode } = await wallet.signMessage(message)
    say({ event: 'signed', message, serialized, mode })
  }
  await wallet.close()
  await common.storage.close()
} catch (error) {
  say({ event: 'failed', code: codeOf(error), text: String(error) })
  process.exitCode = 1
}
