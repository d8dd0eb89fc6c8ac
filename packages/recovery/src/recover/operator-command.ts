// What does `tercet-recovery replace-operator` do? It deals a new node's share with the device, where the old node is gone.

import { fromBase64url } from '@tercet/wire/base64url'
import { decodeIdentity, recoverySigner } from '@tercet/wire/identity'
import type { Command } from 'commander'
import { askYes, assertCanAsk } from '../exit/ask.js'
import { asParty, type PartyOptions, parseSeconds, random, WAIT_SECONDS } from '../exit/party.js'
import { Refused } from '../exit.js'
import { withKeyOptions } from '../key-source.js'
import { kitAddress } from '../kit-verification.js'
import { readKit } from '../kits.js'
import { option } from '../options.js'
import type { Report } from '../report.js'
import { tell } from '../terminal.js'
import { serveOperatorChange } from './operator.js'

interface ReplaceOperatorOptions extends PartyOptions {
  readonly newNode: string
  readonly yes?: boolean
}

/** Adds the command to the program. */
export function addReplaceOperator(program: Command, say: (report: Report) => void): void {
  withKeyOptions(
    program
      .command('replace-operator')
      .description('give the place of a node that is gone to another one, together with the device')
      .argument('<kit>', 'the recovery kit')
      .requiredOption('--new-node <identity>', "the new node's identity, base64url, from its operator")
      .requiredOption(
        '--link <link>',
        'a folder that the device sees too, or `loopback` for the same machine',
      )
      .option('--address <address>', "the wallet's address: a kit of any other is refused")
      .option(
        '--wait <seconds>',
        `how long to wait for the device's next message: ${WAIT_SECONDS}`,
        parseSeconds,
      )
      .option('--yes', 'confirm without being asked')
      .option('--one-machine', 'with `loopback`: confirm that two shares come together on this machine'),
  ).action(async (kit: string, options: ReplaceOperatorOptions) => say(await replaceOperator(kit, options)))
}

async function replaceOperator(path: string, options: ReplaceOperatorOptions): Promise<Report> {
  if (options.yes !== true) assertCanAsk('--yes')
  if (options.link === 'loopback' && options.oneMachine !== true) assertCanAsk('--one-machine')
  const newNode = option('--new-node', () => fromBase64url(options.newNode, 'newNode', 34))
  option('--new-node', () => decodeIdentity(newNode, 'newNode'))
  tell('checking the kit')
  const found = await readKit(path)
  const address = kitAddress(found.kit)
  tell(
    '',
    `This gives the place of the node of ${address} to another one. The address stays.`,
    `The new node is ${options.newNode}`,
    'Compare this with what its operator says, on another way than through the device.',
    'The old node was not asked. Its share is useless once the device has erased its own old share.',
    '',
  )
  if (options.yes !== true && !(await askYes('Go on?', '--yes')))
    throw new Refused('failed', 'not confirmed: nothing was dealt', { reason: 'refused' })
  const { epoch } = await asParty(found, options, ({ share, record, newest, conversation, kappa }) => {
    tell('waiting for the device')
    return serveOperatorChange({
      share,
      record,
      newest,
      identity: recoverySigner(kappa),
      newNode,
      conversation,
      random,
    })
  })
  const document = { walletId: found.walletId, address, epoch, newNode: options.newNode }
  return {
    lines: [
      'dealt: the device commits with the new node by itself',
      ...Object.entries(document).map(([name, value]) => `${name.padEnd(12)} ${value}`),
      'export a new kit from the device: this one is stale then',
    ],
    document,
  }
}
