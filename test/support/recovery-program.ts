// How do tests use the recovery program, and a wallet whose recovery key it made?

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DeviceStorage, Wallet } from '@tercet/client'
import { memoryStorage } from '@tercet/client/storage/memory'
import { type Program, run, start } from './processes.js'
import { built } from './root.js'

/** Of every key file that is made here. */
const PASSPHRASE = 'recovery passphrase'
const program = () => built('packages/recovery/dist/main.js')

/** What the program reports. Rejects unless it ends with 0. */
export async function recoveryProgram(...args: readonly string[]): Promise<Record<string, unknown>> {
  const line = [program(), '--json', ...args, '--passphrase-fd', '3']
  const { stdout } = await run('recovery', process.execPath, line, PASSPHRASE)
  return JSON.parse(stdout()) as Record<string, unknown>
}

/** Starts the program, which answers every question with yes. */
export function startRecovery(...args: readonly string[]): Program {
  return startRecoveryUnder([], ...args)
}

/** The same, with a command that runs the program in its turn: strace, say. */
export function startRecoveryUnder(under: readonly string[], ...args: readonly string[]): Program {
  const own = [program(), '--json', ...args, '--passphrase-fd', '3', '--yes', '--one-machine']
  const [command = process.execPath, ...line] = [...under, process.execPath, ...own]
  const started = start('recovery', command, line, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] })
  const descriptor = started.child.stdio[3]
  if (descriptor && 'end' in descriptor) {
    // A program that ends before it has read this is judged by its exit code.
    descriptor.on('error', () => {})
    descriptor.end(`${PASSPHRASE}\n`)
  }
  return started
}

export interface RecoverableWallet {
  readonly wallet: Wallet
  readonly storage: DeviceStorage
  /** Paths of the key file and of the kit. */
  readonly key: string
  readonly kit: string
}

/** A wallet with a node, its recovery key and its kit in files of the folder. */
export async function recoverableWallet(
  folder: string,
  name: string,
  node: string,
  recoveryDelaySeconds: 0 | 3600,
): Promise<RecoverableWallet> {
  const storage = memoryStorage()
  const key = join(folder, `${name}.key`)
  await recoveryProgram('new-key', '--out', key)
  const wallet = await Wallet.create({
    node,
    storage,
    recoveryDelaySeconds,
    pool: { size: 1 },
    recovery: async ({ identity }) => {
      const made = await recoveryProgram('register', '--key', key, '--device', identity)
      return { publicKey: String(made['publicKey']), proof: String(made['proof']) }
    },
  })
  const kit = join(folder, `${name}.kit`)
  writeFileSync(kit, await wallet.recoveryKit())
  return { wallet, storage, key, kit }
}
