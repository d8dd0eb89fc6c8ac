// What does each step of the protocol cost, both parties in one process and every message through its encoding?

import { getRandomValues } from 'node:crypto'
import type { Point } from '@tercet/protocol/curve'
import { derive, parsePath } from '@tercet/protocol/derivation'
import * as keygen from '@tercet/protocol/keygen'
import { decodeMessage, encodeMessage } from '@tercet/protocol/messages'
import * as presign from '@tercet/protocol/presign'
import type { Random } from '@tercet/protocol/random'
import { ownerOf, proveRecoveryKey, recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import * as sign from '@tercet/protocol/sign'
import { cpuMilliseconds } from './measure.js'

export const random: Random = (length) => getRandomValues(new Uint8Array(length))

/** CPU milliseconds of each party, and what went between them. */
export interface Cost {
  readonly device: number
  readonly cosigner: number
  /** Message bodies, both directions. */
  readonly bytes: number
  readonly roundTrips: number
}

/** Both ends of a wallet. */
export interface Pair {
  readonly device: presign.SigningContext
  readonly cosigner: presign.SigningContext
}

export interface Presigned {
  readonly device: presign.InitiatorPresignature
  readonly cosigner: presign.ResponderPresignature
}

/** A signature with the key and digest that it must verify under. */
export interface Made {
  readonly signature: sign.Signature
  readonly publicKey: Point
  readonly digest: Uint8Array
}

/** Adds up what a run costs. One round trip is a request and its answer. */
class Ledger {
  #spent = { device: 0, cosigner: 0 }
  #bytes = 0
  #messages = 0

  device<T>(step: () => T): T {
    return this.#time('device', step)
  }

  cosigner<T>(step: () => T): T {
    return this.#time('cosigner', step)
  }

  /** Passes a message on to the other party. */
  carry(message: Uint8Array): Uint8Array {
    this.#bytes += message.length
    this.#messages++
    return message
  }

  get cost(): Cost {
    return { ...this.#spent, bytes: this.#bytes, roundTrips: Math.ceil(this.#messages / 2) }
  }

  #time<T>(party: 'device' | 'cosigner', step: () => T): T {
    const begun = cpuMilliseconds()
    try {
      return step()
    } finally {
      this.#spent[party] += cpuMilliseconds() - begun
    }
  }
}

const IDENTITY_SIGNATURE = new Uint8Array(64)
const NODE_ADDRESS = 'http://127.0.0.1:8000'

/** A keygen. The identity signatures, which the programs make, are not in it; their bytes are. */
export function runKeygen(): { pair: Pair; cost: Cost } {
  const ledger = new Ledger()
  const parties = {
    idDevice: Uint8Array.of(1, 2, ...random(32)),
    idCosigner: Uint8Array.of(1, 3, ...random(32)),
  }
  const { kappa, publicKey: recoveryKey } = recoveryKeyFromSeed(random(32))
  const recoveryProof = proveRecoveryKey(kappa, ownerOf(parties.idDevice), random)
  const policyHash = random(32)

  const started = ledger.device(() =>
    keygen.start({ parties, recoveryKey, recoveryProof, policyHash }, random),
  )
  const req1 = ledger.carry(started.send)
  const answered = ledger.cosigner(() =>
    keygen.answer({ parties, policyHash }, decodeMessage('keygen.req1', req1), random),
  )
  const res1 = ledger.carry(answered.send)
  const opened = ledger.device(() => keygen.open(started.state, decodeMessage('keygen.res1', res1), random))
  const req2 = ledger.carry(opened.send)
  const dealt = ledger.cosigner(() => keygen.deal(answered.state, decodeMessage('keygen.req2', req2), random))
  const signature = IDENTITY_SIGNATURE
  const res2 = ledger.carry(encodeMessage('keygen.res2', { ...dealt.send, signature }))
  const finished = ledger.device(() =>
    keygen.finish(opened.state, decodeMessage('keygen.res2', res2), random),
  )
  const req3 = ledger.carry(encodeMessage('keygen.req3', { ...finished.send, signature }))
  const confirmed = ledger.cosigner(() => keygen.confirm(dealt.state, decodeMessage('keygen.req3', req3)))
  ledger.carry(
    encodeMessage('keygen.res3', {
      active: signature,
      addressSignature: signature,
      nodeAddress: new TextEncoder().encode(NODE_ADDRESS),
    }),
  )

  const ids = { idInitiator: parties.idDevice, idResponder: parties.idCosigner }
  const pair = {
    device: { share: finished.key.share, otSetup: finished.key.otSetup, ...ids },
    cosigner: { share: confirmed.share, otSetup: confirmed.otSetup, ...ids },
  }
  return { pair, cost: ledger.cost }
}

/** A batch of presignatures. */
export function runPresign(pair: Pair, batch: number): { presigned: Presigned[]; cost: Cost } {
  const ledger = new Ledger()
  const started = ledger.device(() => presign.start(pair.device, batch, random))
  const req1 = ledger.carry(started.send)
  const answered = ledger.cosigner(() =>
    presign.answer(pair.cosigner, decodeMessage('presign.req1', req1), random),
  )
  const res1 = ledger.carry(answered.send)
  const finished = ledger.device(() =>
    presign.finish(started.state, decodeMessage('presign.res1', res1, batch), random),
  )
  const req2 = ledger.carry(finished.send)
  const confirmed = ledger.cosigner(() =>
    presign.confirm(answered.state, decodeMessage('presign.req2', req2, batch)),
  )
  const res2 = ledger.carry(confirmed.send)
  const accepted = ledger.device(() =>
    presign.accept(finished.state, decodeMessage('presign.res2', res2, batch)),
  )
  const presigned = accepted.map(({ presignature }, n) => ({
    device: presignature,
    cosigner: confirmed.presignatures[n]?.presignature as presign.ResponderPresignature,
  }))
  return { presigned, cost: ledger.cost }
}

const PATH = parsePath('m/0/7')

/** What both parties work out from a request: the derivation is part of every signature. */
function inputOf({ share }: presign.SigningContext, digest: Uint8Array, request: Uint8Array) {
  return { digest: sign.digest(digest), tweak: derive(share, PATH).tweak, request }
}

/** The online part: one presignature becomes a signature. */
export function runOnline(pair: Pair, presigned: Presigned): { made: Made; cost: Cost } {
  const ledger = new Ledger()
  const digest = random(32)
  const request = random(200)
  const asked = ledger.device(() => sign.request(presigned.device, inputOf(pair.device, digest, request)))
  const req1 = ledger.carry(asked.send)
  const res1 = ledger.carry(
    ledger.cosigner(() => {
      const message = decodeMessage('sign.req1', req1)
      const input = inputOf(pair.cosigner, digest, message.request)
      sign.assertView(message.presigId, pair.cosigner.share.publicKey, input, message.view)
      return sign.release(presigned.cosigner, input, random)
    }),
  )
  const signature = ledger.device(() => sign.combine(asked.state, res1))
  return { made: madeBy(pair, digest, signature), cost: ledger.cost }
}

/** A signature without a presignature: two round trips. */
export function runFresh(pair: Pair): { made: Made; cost: Cost } {
  const ledger = new Ledger()
  const digest = random(32)
  const request = random(200)
  const started = ledger.device(() => presign.startFresh(pair.device, request, random))
  const req1 = ledger.carry(started.send)
  const answered = ledger.cosigner(() =>
    presign.answerFresh(pair.cosigner, decodeMessage('fresh.req1', req1), random),
  )
  const res1 = ledger.carry(answered.send)
  const asked = ledger.device(() => {
    const input = inputOf(pair.device, digest, request)
    return sign.finishFresh(started.state, decodeMessage('fresh.res1', res1), input, random)
  })
  const req2 = ledger.carry(asked.send)
  const res2 = ledger.carry(
    ledger.cosigner(() => {
      const message = decodeMessage('fresh.req2', req2)
      const input = inputOf(pair.cosigner, digest, message.request)
      sign.assertView(answered.presigId, pair.cosigner.share.publicKey, input, message.view)
      return sign.release(presign.confirmFresh(answered.state, message), input, random)
    }),
  )
  const signature = ledger.device(() => sign.combine(asked.state, res2))
  return { made: madeBy(pair, digest, signature), cost: ledger.cost }
}

function madeBy(pair: Pair, digest: Uint8Array, signature: sign.Signature): Made {
  return { signature, publicKey: derive(pair.device.share, PATH).publicKey, digest }
}
