// What do `tercet-recovery exit --assemble` and `reveal` do? They put the key together, keep it, and show it.

import { type Path, parsePath } from '@tercet/protocol/derivation'
import { Malformed } from '@tercet/protocol/errors'
import type { Command } from 'commander'
import { Refused } from '../exit.js'
import { assertCanCreate, readInput, writeNew } from '../files.js'
import { option } from '../options.js'
import { parseDescriptor, readNewSecret, readSecret } from '../passphrase.js'
import type { Report } from '../report.js'
import { tell } from '../terminal.js'
import { askSentence } from './ask.js'
import { serveAssembly } from './assemble.js'
import { type AssembledKey, encodeAssembledKey, openAssembledKey, spellPrivateKey } from './assembled-key.js'
import { type Party, random } from './party.js'

/** The sentence that is typed back; the device asks for its own. */
const SENTENCE = 'put my key together on this machine'

export interface AssembleCommandOptions {
  readonly out?: string
  readonly outPassphraseFd?: number
  readonly show?: boolean
  readonly path?: string
  readonly iUnderstand?: boolean
}

/** Checks the options before anything is asked or opened. @throws Refused `usage` */
export function assembledPath(options: AssembleCommandOptions): Path {
  if ((options.out === undefined) === (options.show !== true))
    throw new Refused(
      'usage',
      'where shall the key go: --out FILE (encrypted) or --show (once, on the screen)?',
    )
  // Found out now, and not when the device has given its share.
  if (options.out !== undefined) assertCanCreate(options.out)
  return option('--path', () => parsePath(options.path ?? 'm'))
}

/** Says what this means and has it confirmed. @throws Refused `failed` where it is not */
export async function confirmAssembly(options: AssembleCommandOptions): Promise<void> {
  tell(
    '',
    'This puts the whole private key together on this machine.',
    'From then on whoever sees this machine, its memory, the file or the screen can take everything, alone.',
    'The wallet protects nothing any more: no node, no policy, no second share. It cannot be undone.',
    'The device will be marked, and signs nothing more until its user acknowledges this.',
    'To move money, `exit` without --assemble is enough: it signs with both shares and puts nothing together.',
    '',
  )
  if (options.iUnderstand === true || (await askSentence(SENTENCE, '--i-understand'))) return
  throw new Refused('failed', 'not confirmed: nothing was put together', { reason: 'refused' })
}

/** Puts the key together with the device, and keeps or shows it. @throws as serveAssembly */
export async function assembleKey(
  party: Party,
  path: Path,
  options: AssembleCommandOptions,
): Promise<Report> {
  // Typed before the device is asked: a share that has arrived is not kept waiting for a person.
  const passphrase =
    options.out === undefined
      ? undefined
      : await readNewSecret('passphrase of the new file', options.outPassphraseFd)
  tell('waiting for the device')
  const key = await serveAssembly({
    ...party,
    random,
    path,
    keep: async (assembled) => {
      if (options.out === undefined || passphrase === undefined) return
      writeNew(options.out, await encodeAssembledKey(assembled, passphrase, random))
    },
  })
  const { address } = key
  const facts = { path: key.path, address, ...(options.out === undefined ? {} : { file: options.out }) }
  return options.out === undefined
    ? shown(key, facts)
    : report('the key is put together and kept, encrypted', facts)
}

/** Adds `reveal`. */
export function addReveal(program: Command, say: (report: Report) => void): void {
  program
    .command('reveal')
    .description('print a private key that `exit --assemble` kept')
    .argument('<file>', 'the encrypted file')
    .option('--passphrase-fd <n>', 'read the passphrase from this descriptor', parseDescriptor)
    .action(async (file: string, options: { passphraseFd?: number }) => say(await reveal(file, options)))
}

async function reveal(path: string, options: { passphraseFd?: number }): Promise<Report> {
  const file = readInput(path)
  const passphrase = await readSecret('passphrase', options.passphraseFd)
  const key = await opened(path, file, passphrase)
  return shown(key, { path: key.path, address: key.address })
}

async function opened(path: string, file: Uint8Array, passphrase: string): Promise<AssembledKey> {
  let key: AssembledKey | undefined
  try {
    key = await openAssembledKey(file, passphrase)
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    throw new Refused('file', `${path}: not a private key file of this version, or damaged`, {
      reason: 'damaged',
    })
  }
  if (key === undefined)
    throw new Refused('passphrase', `${path}: wrong passphrase`, { reason: 'wrong-passphrase' })
  return key
}

function shown(key: AssembledKey, facts: Readonly<Record<string, string>>): Report {
  return report('the private key: shown once, kept nowhere by this program', {
    ...facts,
    privateKey: spellPrivateKey(key.privateKey),
  })
}

function report(first: string, document: Readonly<Record<string, string>>): Report {
  return {
    lines: [first, ...Object.entries(document).map(([name, value]) => `${name.padEnd(12)} ${value}`)],
    document,
  }
}
