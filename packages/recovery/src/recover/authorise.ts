// What does `tercet-recovery authorise` do? It puts the recovery key behind what a device orders: a move, or a new recovery key. (SPEC 5.4)

import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { type Claim, decodeClaim, signClaim } from '@tercet/wire/claim'
import { recoverySigner } from '@tercet/wire/identity'
import { encodeJoinCode } from '@tercet/wire/join-code'
import type { Command } from 'commander'
import { askYes, assertCanAsk } from '../exit/ask.js'
import { Refused } from '../exit.js'
import { type KeyOptions, openKeyFor, withKeyOptions } from '../key-source.js'
import { kitAddress } from '../kit-verification.js'
import { readKit } from '../kits.js'
import { option } from '../options.js'
import type { Report } from '../report.js'
import { tell } from '../terminal.js'

interface AuthoriseOptions extends KeyOptions {
  readonly claim: string
  readonly yes?: boolean
}

/** Adds the command to the program. */
export function addAuthorise(program: Command, say: (report: Report) => void): void {
  withKeyOptions(
    program
      .command('authorise')
      .description('sign what a device orders with the recovery key, so that it need not wait')
      .argument('<kit>', 'the recovery kit')
      .requiredOption('--claim <claim>', 'what the device orders, base64url')
      .option('--yes', 'confirm without being asked'),
  ).action(async (kit: string, options: AuthoriseOptions) => say(await authorise(kit, options)))
}

async function authorise(path: string, options: AuthoriseOptions): Promise<Report> {
  if (options.yes !== true) assertCanAsk('--yes')
  const claim = option('--claim', () => decodeClaim(fromBase64url(options.claim, 'claim')))
  const found = await readKit(path)
  if (claim.walletId !== found.walletId)
    throw new Refused('failed', `this is an order of another wallet: ${claim.walletId}`, {
      reason: 'other-wallet',
    })
  tell('', `A device of ${kitAddress(found.kit)} orders:`, ...ORDERS[claim.kind](claim), '')
  if (options.yes !== true && !(await askYes('Sign this with the recovery key?', '--yes')))
    throw new Refused('failed', 'not confirmed: nothing was signed', { reason: 'refused' })
  const { kappa } = await openKeyFor(found.kit.record.sidInputs.recoveryKey, options)
  const signature = toBase64url(await signClaim(recoverySigner(kappa), claim))
  return { lines: [signature], document: { signature, kind: claim.kind } }
}

const device = ({ newDevice }: Claim) =>
  `  new device    ${newDevice === null ? 'none' : encodeJoinCode(newDevice)}`
const key = ({ newRecoveryKey }: Claim) =>
  `  recovery key  ${newRecoveryKey === null ? 'stays' : toBase64url(newRecoveryKey)}`

/** What each kind of order means, in words. */
const ORDERS: Record<Claim['kind'], (claim: Claim) => string[]> = {
  'device-moved': (claim) => ['  to move to a new device at once; this one is refused then', device(claim)],
  'recovery-key': (claim) => [
    '  another recovery key at once; the present one opens no later kit',
    key(claim),
  ],
  'device-lost': (claim) => ['  a recovery onto a new device', device(claim), key(claim)],
  'suspected-theft': (claim) => ['  a recovery onto a new device, after a theft', device(claim), key(claim)],
}
