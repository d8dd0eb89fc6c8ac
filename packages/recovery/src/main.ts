#!/usr/bin/env node
// What can a person do with the recovery party's program? Commands, options, exit codes.

import process from 'node:process'
import { Command, CommanderError } from 'commander'
import {
  drill,
  type NewKeyOptions,
  newKey,
  type Report,
  register,
  showPublic,
  type VerifyOptions,
  verify,
} from './commands.js'
import { EXIT, EXIT_HELP, Refused } from './exit.js'
import { parseDescriptor } from './passphrase.js'

interface KeyOptions {
  readonly key: string
  readonly passphraseFd?: number
}

const VERDICT_HELP = `
The answer is "valid for this wallet" when the wallet's key (address or public key) and the recovery key, the device and
the node (or the fingerprint of the three) were compared. With less it is "consistent": a kit that somebody made up can
be consistent as well.`

const program = new Command('tercet-recovery')
  .description('Recovery keys and recovery kits: made, checked and rehearsed away from the device, offline')
  .version('0.1.0')
  .option('--json', 'print one line of JSON instead of text')
  .addHelpText('after', EXIT_HELP)
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })

const passphraseFd = [
  '--passphrase-fd <n>',
  'read the passphrase from this file descriptor instead of the terminal',
] as const

program
  .command('new-key')
  .description('make a recovery key; the file is encrypted with a passphrase')
  .requiredOption('--out <file>', 'the new key file, readable by its owner only')
  .option('--from-phrase', 'make it from the 24 words of an existing recovery key', false)
  .option('--phrase-fd <n>', 'read the 24 words from this file descriptor', parseDescriptor)
  .option('--show-phrase', 'print the 24 words that stand for the key: whoever reads them has it', false)
  .option('--plain', 'do not encrypt the file', false)
  .option(...passphraseFd, parseDescriptor)
  .action(async (options: NewKeyOptions) => say(await newKey(options)))

program
  .command('show-public')
  .description('print the public recovery key')
  .requiredOption('--key <file>', 'the key file')
  .action((options: KeyOptions) => say(showPublic(options.key)))

program
  .command('register')
  .description('print the public recovery key and the proof that lets one device register it')
  .requiredOption('--key <file>', 'the key file')
  .requiredOption('--device <identity>', "the device's identity, base64url")
  .option(...passphraseFd, parseDescriptor)
  .action(async (options: KeyOptions & { device: string }) =>
    say(await register(options.key, options.device, options.passphraseFd)),
  )

program
  .command('verify')
  .description('check a recovery kit, and compare it with what you know of the wallet')
  .argument('<kit>', 'the recovery kit')
  .option('--address <address>', "the wallet's address, at --path")
  .option('--path <path>', 'the path of the address: m/0/0 where left out')
  .option('--public-key <key>', "the wallet's public key, base64url")
  .option('--recovery-key <key>', 'the public recovery key, base64url')
  .option('--key <file>', 'the key file, for its public recovery key')
  .option('--device <identity>', "the device's identity, base64url")
  .option('--node <identity>', "the node's identity, base64url")
  .option('--fingerprint <fingerprint>', 'of recovery key, device and node, base64url; instead of the three')
  .addHelpText('after', VERDICT_HELP)
  .action(async (kit: string, options: VerifyOptions) => say(await verify(kit, options)))

program
  .command('drill')
  .description('rehearse recovery: open the recovery share in memory and check it')
  .argument('<kit>', 'the recovery kit')
  .requiredOption('--key <file>', 'the key file')
  .option(...passphraseFd, parseDescriptor)
  .action(async (kit: string, options: KeyOptions) =>
    say(await drill(kit, options.key, options.passphraseFd)),
  )

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
