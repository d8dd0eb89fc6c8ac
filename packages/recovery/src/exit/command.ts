// What does `tercet-recovery exit` do? It opens the recovery share in memory and signs with the device, without the node.

import { toBase64url } from '@tercet/wire/base64url'
import { requestHash } from '@tercet/wire/request'
import type { Command } from 'commander'
import { withKeyOptions } from '../key-source.js'
import type { ConsistentKit } from '../kit-verification.js'
import { readKit } from '../kits.js'
import { parseDescriptor } from '../passphrase.js'
import type { Report } from '../report.js'
import { tell } from '../terminal.js'
import { askYes, assertCanAsk } from './ask.js'
import {
  type AssembleCommandOptions,
  addReveal,
  assembledPath,
  assembleKey,
  confirmAssembly,
} from './assemble-command.js'
import type { Judged } from './judge.js'
import { asParty, type PartyOptions, parseSeconds, random, WAIT_SECONDS } from './party.js'
import { serveExit } from './serve.js'

interface ExitCommandOptions extends PartyOptions, AssembleCommandOptions {
  readonly yes?: boolean
  readonly rawDigest?: boolean
  readonly assemble?: boolean
}

/** Adds the commands to the program. */
export function addExit(program: Command, say: (report: Report) => void): void {
  withKeyOptions(
    program
      .command('exit')
      .description('sign with the device and without the node: shows every request and asks before it signs')
      .argument('<kit>', 'the recovery kit')
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
      .option('--yes', 'confirm every request without asking')
      .option('--one-machine', 'with `loopback`: confirm that two shares come together on this machine')
      .option('--raw-digest', 'also sign a bare digest, which shows nothing of what it stands for')
      .option('--assemble', 'LAST RESORT: put the whole private key together, for other software')
      .option('--path <path>', 'with --assemble: the path of the key: m where left out')
      .option('--out <file>', 'with --assemble: keep the key in a new file, encrypted')
      .option(
        '--out-passphrase-fd <n>',
        'read the passphrase of that file from this descriptor',
        parseDescriptor,
      )
      .option('--show', 'with --assemble: print the key instead')
      .option('--i-understand', 'with --assemble: confirm without typing the sentence'),
  ).action(async (kit: string, options: ExitCommandOptions) =>
    say(await (options.assemble === true ? assembled(kit, options) : exit(kit, options))),
  )
  addReveal(program, say)
}

/** Signs what the device asks for and the person confirms, until the device is done. @throws Refused */
async function exit(path: string, options: ExitCommandOptions): Promise<Report> {
  if (options.yes !== true) assertCanAsk('--yes')
  if (options.link === 'loopback' && options.oneMachine !== true) assertCanAsk('--one-machine')
  const found = await check(path)
  const signed: Judged[] = []
  let { epoch } = found
  await asParty(found, options, async (party) => {
    tell('waiting for the device')
    await serveExit({
      ...party,
      newest: async () => {
        const opened = await party.newest()
        epoch = opened?.share.epoch ?? epoch
        return opened
      },
      random,
      rawDigest: options.rawDigest === true,
      now: () => Math.floor(Date.now() / 1000),
      confirm: (judged) => confirm(judged, options.yes === true),
      onSigned: (judged) => {
        signed.push(judged)
        tell('signed: the device has the signature')
      },
    })
  })
  const requests = signed.map(({ address, input }) => ({
    address,
    request: toBase64url(requestHash(input.request)),
  }))
  return {
    lines: [`the device is done; signatures: ${signed.length}`],
    document: { walletId: found.walletId, epoch, signed: requests },
  }
}

async function assembled(kit: string, options: ExitCommandOptions): Promise<Report> {
  const path = assembledPath(options)
  if (options.iUnderstand !== true) assertCanAsk('--i-understand')
  if (options.link === 'loopback' && options.oneMachine !== true) assertCanAsk('--one-machine')
  const found = await check(kit)
  await confirmAssembly(options)
  return asParty(found, options, (party) => assembleKey(party, path, options))
}

function check(path: string): Promise<ConsistentKit> {
  tell('checking the kit')
  return readKit(path)
}

async function confirm(judged: Judged, yes: boolean): Promise<boolean> {
  const { summary, path, address, expiresAt } = judged
  const facts = [
    ...summary,
    { label: 'Key', value: `${path} (${address})` },
    { label: 'Expires', value: new Date(expiresAt * 1000).toISOString() },
  ]
  const lines = facts.map(({ label, value }) => `  ${label.padEnd(12)} ${value}`)
  tell('', 'The device asks for this signature:', ...lines)
  return yes || askYes('Sign it?', '--yes')
}
