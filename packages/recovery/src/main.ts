#!/usr/bin/env node
// What can a person do with the recovery party's program? Commands, options, exit codes.

import process from 'node:process'
import { Command, CommanderError } from 'commander'
import { addExit } from './exit/command.js'
import { EXIT, EXIT_HELP, Refused } from './exit.js'
import { type KeyOptions, withKeyOptions } from './key-source.js'
import { type DrillOptions, drill, inspect, type KnownOptions, verify } from './kits.js'
import { type NewKeyOptions, newKey, register, showPublic } from './new-key.js'
import { parseEpoch } from './options.js'
import { parseDescriptor } from './passphrase.js'
import { print } from './print/command.js'
import { addAuthorise } from './recover/authorise.js'
import { addRecover } from './recover/command.js'
import { addReplaceOperator } from './recover/operator-command.js'
import type { Report } from './report.js'

const VERDICT_HELP = `
The answer is "consistent" when everything in the kit fits together, and "valid for this wallet" only when the wallet's
address was given and is the same. What was not compared is named: a kit that somebody made up can pass until the
recovery key, the device and the node (or the fingerprint of the three) were compared too.`

const program = new Command('tercet-recovery')
  .description('Recovery keys and recovery kits: made, checked, rehearsed and used away from the device')
  .version('0.1.0')
  .option('--json', 'print one line of JSON instead of text')
  .addHelpText('after', EXIT_HELP)
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })

program
  .command('new-key')
  .description('make a recovery key: its 24 words are shown once, and some of them typed back')
  .option('--out <file>', 'keep it in a new file as well, encrypted with a passphrase')
  .option(
    '--passphrase-fd <n>',
    'read the passphrase from this descriptor instead of the terminal',
    parseDescriptor,
  )
  .option('--phrase', 'from the 24 words of an existing recovery key, typed at the terminal')
  .option('--phrase-fd <n>', 'from 24 words read from this descriptor', parseDescriptor)
  .option(
    '--bytes-fd <n>',
    "from 32 bytes, base64url (a passkey's PRF output), of this descriptor",
    parseDescriptor,
  )
  .option('--show-phrase', 'print the 24 words with the answer and ask nothing: for programs that show them')
  .action(async (options: NewKeyOptions) => say(await newKey(options)))

withKeyOptions(program.command('show-public').description('print the public recovery key')).action(
  async (options: KeyOptions) => say(await showPublic(options)),
)

withKeyOptions(
  program
    .command('register')
    .description('print the public recovery key and the proof that lets one device register it')
    .requiredOption('--device <identity>', "the device's identity, base64url"),
).action(async (options: KeyOptions & { device: string }) => say(await register(options.device, options)))

program
  .command('verify')
  .description('check a recovery kit, and compare it with what you know of the wallet')
  .argument('<kit>', 'the recovery kit')
  .option('--address <address>', "the wallet's address, at --path")
  .option('--path <path>', 'the path of the address: m/0/0 where left out')
  .option('--wallet <id>', "the wallet's id")
  .option('--public-key <key>', "the wallet's public key, base64url")
  .option('--recovery-key <key>', 'the public recovery key, base64url')
  .option('--key <file>', 'the key file, for its public recovery key')
  .option('--epoch <n>', 'the epoch that the wallet is at', parseEpoch)
  .option('--device <identity>', "the device's identity, base64url")
  .option('--node <identity>', "the node's identity, base64url")
  .option('--fingerprint <fingerprint>', 'of recovery key, device and node, base64url; instead of the three')
  .addHelpText('after', VERDICT_HELP)
  .action(async (kit: string, options: KnownOptions) => say(await verify(kit, options)))

program
  .command('inspect')
  .description('print everything that a recovery kit says')
  .argument('<kit>', 'the recovery kit')
  .option('--path <path>', 'the path of the address: m/0/0 where left out')
  .action(async (kit: string, options: { path?: string }) => say(await inspect(kit, options)))

program
  .command('print')
  .description('write a recovery kit as a PDF for paper: public parts, a square code, and what to do')
  .argument('<kit>', 'the recovery kit')
  .requiredOption('--out <file>', 'the new PDF')
  .action(async (kit: string, options: { out: string }) => say(await print(kit, options)))

withKeyOptions(
  program
    .command('drill')
    .description('rehearse recovery: open the recovery share in memory, and sign a receipt for the device')
    .argument('<kit>', 'the recovery kit')
    .option('--address <address>', "the wallet's address, at --path")
    .option('--path <path>', 'the path of the address: m/0/0 where left out')
    .option('--wallet <id>', "the wallet's id")
    .option('--epoch <n>', 'the epoch that the wallet is at', parseEpoch)
    .option('--receipt <file>', 'write the receipt to a new file'),
).action(async (kit: string, options: DrillOptions) => say(await drill(kit, options)))

addExit(program, say)
addRecover(program, say)
addReplaceOperator(program, say)
addAuthorise(program, say)

function say({ lines, document }: Report): void {
  process.stdout.write(json() ? `${JSON.stringify({ ok: true, ...document })}\n` : `${lines.join('\n')}\n`)
}

function json(): boolean {
  return program.opts()['json'] === true
}

function fail(error: unknown): number {
  // Commander has printed its own message by now; its help and version are no failure.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  const refused =
    error instanceof Refused
      ? error
      : new Refused('failed', `a bug: ${error instanceof Error ? error.name : 'error'}`)
  if (json()) {
    const document = { ok: false, message: refused.message, ...refused.details }
    process.stdout.write(`${JSON.stringify(document)}\n`)
  } else {
    process.stderr.write(`${refused.message}\n`)
  }
  return EXIT[refused.exit]
}

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = fail(error)
}
