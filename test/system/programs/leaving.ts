// What does a device do that signs without its node? It works with the recovery program beside it, over a link.
import { once } from 'node:events'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { Exit, loopbackLink } from '@tercet/client/recovery'
import { folderLink } from '@tercet/client/recovery/folder'
import { fileStorage } from '@tercet/client/storage/file'
import { type LeavingReport, type LeavingTask, PASSPHRASES } from '../../support/leaving-task.js'
import { type Program, start } from '../../support/processes.js'
import { lineOf } from '../../support/recovery-lines.js'
import { built } from '../../support/root.js'

const task = JSON.parse(process.argv[2] ?? '{}') as LeavingTask

/** The recovery program, which answers everything with yes. Its passphrase comes on descriptor 3. */
function startRecovery(): Program {
  const sameMachine = task.link === 'loopback' ? ['--one-machine'] : []
  const args = [
    'exit',
    task.kit,
    ...sameMachine,
    '--key',
    task.key,
    '--passphrase-fd',
    '3',
    '--link',
    task.link,
    '--yes',
  ]
  const program = start(
    'recovery',
    process.execPath,
    [built('packages/recovery/dist/main.js'), '--json', ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    },
  )
  const descriptor = program.child.stdio[3]
  if (descriptor && 'end' in descriptor) descriptor.end(`${PASSPHRASES.recovery}\n`)
  return program
}

async function reach(address: string): Promise<string> {
  const { hostname, port } = new URL(address)
  const socket = connect({ host: hostname, port: Number(port), timeout: 2000 })
  try {
    await once(socket, 'connect')
    return 'reached'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown'
  } finally {
    socket.destroy()
  }
}

const outside = await Promise.all(task.outside.map(reach))
const storage = await fileStorage({ path: task.file, passphrase: PASSPHRASES.device })
const recovery = startRecovery()
const address = await lineOf(recovery, 'link')
const link = task.link === 'loopback' ? loopbackLink(address) : await folderLink(address)
const exit = await Exit.open({ storage, walletId: task.walletId, link })
const transaction = await exit.signTransaction(task.transaction)
const messages = []
for (const text of task.messages)
  messages.push({ text, serialized: (await exit.signMessage(text)).serialized })
await exit.close()
await link.close()
await storage.close()
if ((await recovery.ended()) !== 0) throw new Error(`recovery: ${recovery.stderr()}${recovery.stdout()}`)

const report: LeavingReport = {
  interfaces: Object.keys(networkInterfaces()),
  outside,
  address: transaction.address,
  serialized: transaction.serialized,
  messages,
  summary: transaction.summary.map(({ value }) => value),
  shown: recovery.stderr(),
  recovery: JSON.parse(recovery.stdout()) as LeavingReport['recovery'],
}
process.stdout.write(`${JSON.stringify(report)}\n`)
