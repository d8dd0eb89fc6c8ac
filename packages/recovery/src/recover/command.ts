// What does `tercet-recovery recover` do? It claims the place of a lost device for a new one, and hands it a share.

import { decodePoint } from '@tercet/protocol/curve'
import { ownerOf, verifyRecoveryKey } from '@tercet/protocol/recovery-key'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { decodeClaim } from '@tercet/wire/claim'
import { Conversation } from '@tercet/wire/conversation'
import { decodeIdentity, recoverySigner } from '@tercet/wire/identity'
import { decodeJoinCode, encodeInvitation } from '@tercet/wire/join-code'
import { encodeKit } from '@tercet/wire/kit'
import type { Command } from 'commander'
import { askYes, assertCanAsk, confirmOneMachine } from '../exit/ask.js'
import { asRefused, assertAddress, parseSeconds, random, WAIT_SECONDS } from '../exit/party.js'
import { reasonOf } from '../exit/serve.js'
import { Refused } from '../exit.js'
import { writeNew } from '../files.js'
import { type KeyOptions, openKeyFor, withKeyOptions } from '../key-source.js'
import { type ConsistentKit, kitAddress } from '../kit-verification.js'
import { openShare, readKit } from '../kits.js'
import { openLink } from '../link/open.js'
import { confirmNewest, newestKit } from '../newest-kit.js'
import { option } from '../options.js'
import type { Report } from '../report.js'
import { tell } from '../terminal.js'
import { type ClaimOptions, isSameClaim, newClaim, readyClaim } from './claim.js'
import type { HandOverStage, RecoveryKeyChange } from './hand-over.js'
import { NodeClient, NodeError } from './node-client.js'
import { finishEarlier, type Recovered, type Recovery, replaceDevice, tellDevice } from './recover.js'
import { firstState, readState, writeState } from './state-file.js'

interface RecoverOptions extends KeyOptions {
  readonly device: string
  readonly link: string
  readonly address?: string
  readonly node?: string
  readonly nodeIdentity?: string
  readonly partiesChanged?: boolean
  readonly state?: string
  readonly theft?: boolean
  readonly newRecoveryKey?: string
  readonly proof?: string
  readonly kitOut?: string
  readonly wait?: number
  readonly stay?: boolean
  readonly yes?: boolean
  readonly oneMachine?: boolean
}

const HELP = `
The claim is announced to the old device and its owner. The wallet's delay runs from then on; the old device may veto.
Run the same command again when the delay is over (exit code 5 says that it is not): --state remembers the claim.
The new device is told the invitation and the link that this prints.
The kit may be old: the node gives the newest one to whoever holds the recovery key, and it must be of the same wallet.`

const STAGES: Record<HandOverStage, string> = {
  device: 'waiting for the new device',
  node: 'dealing new shares with the node',
  'handing-over': 'handing the new share over',
  commit: 'committing at the node',
}

/** Adds the command to the program. */
export function addRecover(program: Command, say: (report: Report) => void): void {
  withKeyOptions(
    program
      .command('recover')
      .description('replace a lost device: claim its place, wait the delay, hand a new device its share')
      .argument('<kit>', 'the recovery kit')
      .requiredOption('--device <code>', "the new device's code")
      .requiredOption(
        '--link <link>',
        'a folder that the device sees too, or `loopback` for the same machine',
      )
      .option('--address <address>', "the wallet's address: a kit of any other is refused")
      .option('--node <url>', "the node's address, where it is not that of the kit")
      .option(
        '--node-identity <identity>',
        "the node's identity, base64url, from its operator, where another has taken over since the kit was made",
      )
      .option('--parties-changed', 'confirm that device or node have changed since the kit was made')
      .option('--state <file>', 'what this recovery remembers between runs: KIT.recovery where left out')
      .option('--theft', 'the device was stolen rather than lost')
      .option('--new-recovery-key <key>', 'move to this public recovery key at the same time, base64url')
      .option('--proof <proof>', 'of that key for the new device, as `register` prints it')
      .option('--kit-out <file>', 'write the new recovery kit to a new file')
      .option('--stay', 'wait for the end of the delay here')
      .option(
        '--wait <seconds>',
        `how long to wait for the device's next message: ${WAIT_SECONDS}`,
        parseSeconds,
      )
      .option('--yes', 'confirm without being asked')
      .option('--one-machine', 'with `loopback`: confirm that two shares come together on this machine')
      .addHelpText('after', HELP),
  ).action(async (kit: string, options: RecoverOptions) => say(await recover(kit, options)))
}

async function recover(path: string, options: RecoverOptions): Promise<Report> {
  if (options.yes !== true) assertCanAsk('--yes')
  if (options.link === 'loopback' && options.oneMachine !== true) assertCanAsk('--one-machine')
  const newDevice = option('--device', () => decodeJoinCode(options.device))
  const change = changeOf(options, newDevice)
  tell('checking the kit')
  const atHand = await readKit(path)
  assertAddress(atHand, options.address)
  const address = kitAddress(atHand.kit)
  await confirm(address, options)
  await confirmOneMachine(options.link, options.oneMachine)

  const { sidInputs } = atHand.kit.record
  tell('opening the recovery key')
  const { kappa } = await openKeyFor(sidInputs.recoveryKey, options)
  const identity = recoverySigner(kappa)
  const asked: ClaimOptions = {
    walletId: atHand.walletId,
    kind: options.theft === true ? 'suspected-theft' : 'device-lost',
    newDevice,
    newRecoveryKey: change === undefined ? null : change.recoveryKey.toBytes(true),
  }
  const { recovery: begun, client } = begin(atHand, asked, options, path, identity)
  try {
    const earlier = await finishEarlier(begun)
    if ('recovered' in earlier) return report(earlier.recovered, options, false)
    const { recovery } = earlier
    tell('asking the node for its kit')
    const found = await confirmNewest(atHand, await newestKit(atHand, client), options.partiesChanged)
    tell('claiming at the node')
    const claim = decodeClaim(recovery.state.claim)
    const status = await readyClaim(client, identity, claim, options.stay === true)
    const link = await openLink(options.link)
    const timeoutMilliseconds = (options.wait ?? WAIT_SECONDS) * 1000
    const conversation = new Conversation({ link, identity, peer: newDevice, timeoutMilliseconds })
    tell(`invitation   ${invitationOf(found, asked, identity.publicIdentity)}`)
    try {
      const { kit } = found
      const share = openShare(found, kappa)
      const parts = { kit, kitBytes: encodeKit(kit), share, identity, newDevice, conversation, random }
      const reporting = { report: (stage: HandOverStage) => tell(STAGES[stage]) }
      const recovered = await replaceDevice(recovery, status, {
        ...parts,
        ...reporting,
        ...(change === undefined ? {} : { change }),
      })
      return report(recovered, options, await tellDevice(conversation, recovered))
    } catch (error) {
      await conversation.stop(reasonOf(error))
      throw error
    } finally {
      await link.close()
    }
  } catch (error) {
    if (error instanceof NodeError)
      throw new Refused('failed', error.message, { reason: error.code, field: error.field })
    throw asRefused(error)
  }
}

/** The state of an earlier run, or a new one with a claim that nobody has seen. @throws Refused */
function begin(
  found: ConsistentKit,
  asked: ClaimOptions,
  options: RecoverOptions,
  path: string,
  identity: ReturnType<typeof recoverySigner>,
): { recovery: Recovery; client: NodeClient } {
  const statePath = options.state ?? `${path}.recovery`
  const known = readState(statePath)
  if (known !== undefined && !isSameClaim(known.claim, asked))
    throw new Refused('usage', `${statePath} belongs to another recovery: give another --state file`, {
      reason: 'other-recovery',
    })
  const state = known ?? firstState(newClaim(asked))
  const store: Recovery['store'] = (next) => writeState(statePath, next)
  if (known === undefined) store(state)
  const { keyId, epoch, sidInputs } = found.kit.record
  const client = new NodeClient({
    url: options.node ?? found.node,
    identity,
    cosigner: nodeIdentity(options) ?? sidInputs.idC,
    walletId: found.walletId,
    keyId,
    epoch,
  })
  return { recovery: { client, state, store }, client }
}

/** idC' as the user has it from the operator. @throws Refused `usage` */
function nodeIdentity({ nodeIdentity: text }: RecoverOptions): Uint8Array | undefined {
  if (text === undefined) return undefined
  return option('--node-identity', () => {
    const identity = fromBase64url(text, 'identity', 34)
    decodeIdentity(identity, 'identity')
    return identity
  })
}

async function confirm(address: string, options: RecoverOptions): Promise<void> {
  tell(
    '',
    `This gives the place of the lost device of ${address} to a new one. The address stays.`,
    'The old device signs nothing any more once this is done; until then it is told, and may veto.',
    ...(options.newRecoveryKey === undefined
      ? ['The recovery key stays. If anyone else may have seen it, move to a new one: --new-recovery-key']
      : ['The recovery key changes with it: the present one opens no later kit.']),
    '',
  )
  if (options.yes === true || (await askYes('Go on?', '--yes'))) return
  throw new Refused('failed', 'not confirmed: nothing was claimed', { reason: 'refused' })
}

/** K' and its proof, both or neither. @throws Refused `usage` */
function changeOf(options: RecoverOptions, newDevice: Uint8Array): RecoveryKeyChange | undefined {
  const { newRecoveryKey, proof } = options
  if (newRecoveryKey === undefined && proof === undefined) return undefined
  if (newRecoveryKey === undefined || proof === undefined)
    throw new Refused('usage', '--new-recovery-key and --proof belong together')
  const recoveryKey = option('--new-recovery-key', () =>
    decodePoint(fromBase64url(newRecoveryKey, 'key', 33), 'key'),
  )
  const recoveryProof = option('--proof', () => fromBase64url(proof, 'proof', 65))
  if (!option('--proof', () => verifyRecoveryKey(recoveryKey, ownerOf(newDevice), recoveryProof)))
    throw new Refused('usage', '--proof: not a proof of this key for this device')
  return { recoveryKey, recoveryProof }
}

function invitationOf({ kit }: ConsistentKit, asked: ClaimOptions, from: Uint8Array): string {
  const { keyId, publicKey, sidInputs } = kit.record
  const { recoveryKey, idC: cosigner } = sidInputs
  const nextRecoveryKey = asked.newRecoveryKey ?? recoveryKey
  return encodeInvitation({ keyId, publicKey, recoveryKey, nextRecoveryKey, cosigner, from })
}

function report({ kit }: Recovered, options: RecoverOptions, told: boolean): Report {
  const bytes = encodeKit(kit)
  if (options.kitOut !== undefined) writeNew(options.kitOut, bytes)
  const document = {
    walletId: toBase64url(kit.record.keyId),
    address: kitAddress(kit),
    epoch: kit.record.epoch,
    device: toBase64url(kit.record.sidInputs.idD),
    recoveryKey: toBase64url(kit.record.sidInputs.recoveryKey),
    told,
    ...(options.kitOut === undefined ? {} : { kit: options.kitOut }),
  }
  return {
    lines: [
      'recovered: the new device has its share, and the old one is refused',
      ...Object.entries(document).map(([name, value]) => `${name.padEnd(12)} ${value}`),
      ...(options.kitOut === undefined ? ['export a new kit from the device: the old one is stale'] : []),
    ],
    document,
  }
}
