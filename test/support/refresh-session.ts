// How does a refresh run between honest programs, with any message exchanged for another? (SPEC 5.3)

import { ProtocolAbort } from '@tercet/protocol/errors'
import { decodeMessage, encodeMessage } from '@tercet/protocol/messages'
import type { Random } from '@tercet/protocol/random'
import { ownerOf, proveRecoveryKey } from '@tercet/protocol/recovery-key'
import {
  answerRefresh,
  commit,
  confirm,
  dealRefresh,
  finishRefresh,
  openRefresh,
  type RefreshAnswered,
  type RefreshedKey,
  type RefreshOpened,
  type RefreshStarted,
  type ReplacedKey,
  startRefresh,
} from '@tercet/protocol/reshare'
import type { FixtureWallet, Identity } from './fixture.js'
import { newRecoveryKey } from './reshare.js'
import type { Judge } from './reshare-endings.js'
import { NO_SIGNATURE, requireTranscript, signTranscript } from './reshare-programs.js'
import { forks } from './signing.js'
import type { Stage } from './stage.js'

/** A refresh of the stored wallet with a new recovery key: a stage for each of its first four messages. */
export function refreshStages(wallet: FixtureWallet, random: Random): Stage[] {
  const { device, cosigner } = wallet.identities
  const { record } = wallet
  const [claim, fresh] = [random(32), newRecoveryKey(random)]
  const change = {
    recoveryKey: fresh.recoveryKey,
    recoveryProof: proveRecoveryKey(fresh.kappa, ownerOf(device.id), random),
    authorisation: claim,
  }
  const input = { share: wallet.share(1), record, id: { epoch: 1, attempt: 3 }, change }
  const pins = { share: wallet.share(2), record, recoveryKey: fresh.recoveryKey }
  const begun = startRefresh(input, random)
  const started = forks(begun.state)

  const onReq1 = (body: Uint8Array): Judge => {
    const message = decodeMessage('refresh.req1', body)
    if (!Buffer.from(message.authorisation).equals(claim)) throw new ProtocolAbort('context')
    const next = answerRefresh(pins, message, random)
    return onRes1(started(), next.state, next.send)
  }
  const onRes1 = (d: RefreshStarted, c: RefreshAnswered, body: Uint8Array): Judge => {
    const next = openRefresh(d, decodeMessage('refresh.res1', body), random)
    return onReq2(next.state, c, next.send)
  }
  const onReq2 = (d: RefreshOpened, c: RefreshAnswered, body: Uint8Array): Judge => {
    const next = dealRefresh(c, decodeMessage('refresh.req2', body), random)
    return onRes2(d, next.key, signed(next))
  }
  const signed = ({ key, send }: ReturnType<typeof dealRefresh>): Uint8Array =>
    encodeMessage('refresh.res2', { ...send, signature: signTranscript(cosigner, 'cosigner', key.record) })
  const onRes2 = (d: RefreshOpened, c: RefreshedKey, body: Uint8Array): Judge => {
    const message = decodeMessage('refresh.res2', body)
    const { key } = finishRefresh(d, message)
    requireTranscript(cosigner.id, 'cosigner', key.record, message.signature)
    confirm(c.share, committing(key, device, random))
    const same =
      Buffer.from(key.otSetup.idA).equals(c.otSetup.idA) &&
      key.share.publicKey.equals(wallet.share(1).publicKey)
    return same ? [] : ['the parties hold different keys']
  }

  const a = answerRefresh(pins, decodeMessage('refresh.req1', begun.send), random)
  const answered = forks(a.state)
  const b = openRefresh(started(), decodeMessage('refresh.res1', a.send), random)
  const opened = forks(b.state)
  const c = dealRefresh(answered(), decodeMessage('refresh.req2', b.send), random)
  const others = refreshBodies(wallet, startRefresh(input, random).send, random)
  const stage = (message: keyof typeof others, body: Uint8Array, deliver: Stage['deliver']): Stage => ({
    message,
    batch: 1,
    body,
    other: others[message],
    deliver,
  })
  return [
    stage('refresh.req1', begun.send, onReq1),
    stage('refresh.res1', a.send, (body) => onRes1(started(), answered(), body)),
    stage('refresh.req2', b.send, (body) => onReq2(opened(), answered(), body)),
    stage('refresh.res2', signed(c), (body) => onRes2(opened(), c.key, body)),
  ]
}

function committing({ share, record }: ReplacedKey, device: Identity, random: Random) {
  const signature = signTranscript(device, 'device', record)
  const fields = { ...commit(share, random), signature, dealerSignature: NO_SIGNATURE }
  return decodeMessage('reshare.req3', encodeMessage('reshare.req3', fields))
}

/** Well-formed bodies of a refresh that never was, with the points of the keygen. */
function refreshBodies(wallet: FixtureWallet, first: Uint8Array, random: Random) {
  const [res1, req2, res2] = [
    decodeMessage('keygen.res1', wallet.keygen.get('keygen.res1') as Uint8Array),
    decodeMessage('keygen.req2', wallet.keygen.get('keygen.req2') as Uint8Array),
    decodeMessage('keygen.res2', wallet.keygen.get('keygen.res2') as Uint8Array),
  ]
  return {
    'refresh.req1': first,
    'refresh.res1': encodeMessage('refresh.res1', {
      ...res1,
      nonce: random(32),
      sealKey: random(32),
      baseOtA1: res1.baseOtA1.bytes,
    }),
    'refresh.req2': encodeMessage('refresh.req2', {
      ...req2,
      baseOtA2: req2.baseOtA2.bytes,
      baseOtB1: req2.baseOtB1.bytes,
    }),
    'refresh.res2': encodeMessage('refresh.res2', { ...res2, baseOtB2: res2.baseOtB2.bytes }),
  } as const
}
