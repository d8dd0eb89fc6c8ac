// What does `tercet-recovery exit` do? It opens the recovery share in memory and signs with the device, without the node.

import { randomBytes } from 'node:crypto'
import { Malformed, ProtocolAbort } from '@tercet/protocol/errors'
import { toBase64url } from '@tercet/wire/base64url'
import { Conversation, LinkError } from '@tercet/wire/conversation'
import { recoverySigner } from '@tercet/wire/identity'
import { requestHash } from '@tercet/wire/request'
import type { Command } from 'commander'
import { Refused } from '../exit.js'
import { type KeyOptions, openKeyFor, withKeyOptions } from '../key-source.js'
import { openShare, readKit } from '../kits.js'
import { openLink } from '../link/open.js'
import type { Report } from '../report.js'
import { tell } from '../terminal.js'
import { askYes, assertCanAsk } from './ask.js'
import { ExitRefused, type Judged } from './judge.js'
import { serveExit } from './serve.js'

const random = (length: number) => new Uint8Array(randomBytes(length))
const WAIT_SECONDS = 600

interface ExitCommandOptions extends KeyOptions {
  readonly link: string
  readonly wait?: number
  readonly yes?: boolean
  readonly rawDigest?: boolean
}

/** Adds the command to the program. */
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
      .option('--wait <seconds>', `how long to wait for the device's next message: ${WAIT_SECONDS}`, seconds)
      .option('--yes', 'confirm every request without asking')
      .option('--raw-digest', 'also sign a bare digest, which shows nothing of what it stands for'),
  ).action(async (kit: string, options: ExitCommandOptions) => say(await exit(kit, options)))
}

/** Signs what the device asks for and the person confirms, until the device is done. @throws Refused */
export async function exit(path: string, options: ExitCommandOptions): Promise<Report> {
  if (options.yes !== true) assertCanAsk('--yes')
  tell('checking the kit')
  const found = await readKit(path)
  const { sidInputs } = found.kit.record
  const { kappa } = await openKeyFor(sidInputs.recoveryKey, options)
  const share = openShare(found, kappa)
  const identity = recoverySigner(kappa)
  const link = await openLink(options.link)
  const signed: Judged[] = []
  try {
    tell('waiting for the device')
    await serveExit({
      share,
      device: sidInputs.idD,
      recovery: identity.publicIdentity,
      conversation: new Conversation({
        link,
        identity,
        peer: sidInputs.idD,
        timeoutMilliseconds: (options.wait ?? WAIT_SECONDS) * 1000,
      }),
      random,
      rawDigest: options.rawDigest === true,
      now: () => Math.floor(Date.now() / 1000),
      confirm: (judged) => confirm(judged, options.yes === true),
      onSigned: (judged) => {
        signed.push(judged)
        tell('signed: the device has the signature')
      },
    })
  } catch (error) {
    throw asRefused(error, signed.length)
  } finally {
    await link.close()
  }
  return {
    lines: [`the device is done; ${signed.length} signed`],
    document: {
      walletId: found.walletId,
      epoch: found.epoch,
      signed: signed.map(({ address, input }) => ({
        address,
        request: toBase64url(requestHash(input.request)),
      })),
    },
  }
}

async function confirm(judged: Judged, yes: boolean): Promise<boolean> {
  const { summary, path, address, expiresAt } = judged
  const facts = [
    ...summary.map(({ label, value }) => [label, value] as const),
    ['Key', `${path} (${address})`] as const,
    ['Expires', new Date(expiresAt * 1000).toISOString()] as const,
  ]
  tell(
    '',
    'The device asks for this signature:',
    ...facts.map(([label, value]) => `  ${label.padEnd(12)} ${value}`),
  )
  return yes || askYes('Sign it?', '--yes')
}

/** What the person is told of the session's end. */
export function asRefused(error: unknown, signed: number): unknown {
  const details = { signed }
  if (error instanceof ExitRefused)
    return new Refused('failed', error.message, { reason: error.reason, ...details })
  if (error instanceof LinkError)
    return new Refused('failed', error.message, { reason: error.reason ?? error.code, ...details })
  if (error instanceof Malformed)
    return new Refused('failed', `the device sent something malformed: ${error.field}`, {
      reason: 'malformed',
      field: error.field,
      ...details,
    })
  if (error instanceof ProtocolAbort)
    return new Refused('failed', `the device failed a check of the protocol: ${error.reason}`, {
      reason: error.reason,
      ...details,
    })
  return error
}

function seconds(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Refused('usage', `--wait: not a number of seconds: ${text}`)
  return Number(text)
}
