// What does a whole seeded course of the protocol send, message by message, and what comes out? (SPEC 1.2, 2.5, 4.3, 4.4, 11)

import { createHash } from 'node:crypto'
import { encodePoint, encodeScalar } from '@tercet/protocol/curve'
import { derive, parsePath } from '@tercet/protocol/derivation'
import { expose } from '@tercet/protocol/internal/secret'
import type { KeyShare } from '@tercet/protocol/key-share'
import * as keygen from '@tercet/protocol/keygen'
import { decodeMessage, encodeMessage, type MessageName } from '@tercet/protocol/messages'
import * as ot from '@tercet/protocol/ot-setup'
import * as presign from '@tercet/protocol/presign'
import type { Random } from '@tercet/protocol/random'
import { ownerOf, proveRecoveryKey, recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { openRecoveryShare } from '@tercet/protocol/recovery-share'
import * as sign from '@tercet/protocol/sign'
import { seededRandom } from '../support/random.js'

/** One message of the course: its name, its length, and SHA-256 of its body. */
export interface Line {
  readonly name: string
  readonly bytes: number
  readonly sha256: string
}

/** Identities and recovery key of a seeded course, with one stream of randomness for each party. */
export interface Cast {
  readonly device: Random
  readonly cosigner: Random
  readonly parties: keygen.KeygenParties
  readonly kappa: bigint
  readonly pins: keygen.DeviceKeygen
}

/** Both parties' material after a keygen, and the bodies that were exchanged. */
export interface Born {
  readonly device: keygen.KeyMaterial
  readonly cosigner: keygen.KeyMaterial
}

/** Stands where an identity key would sign: those signatures are made and checked by the programs. */
const SIGNATURE = new Uint8Array(64).fill(0x51)

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** The parties of a seed; identities may be given, else they are seeded bytes of the right form. */
export function cast(seed: string, identities?: keygen.KeygenParties): Cast {
  const recovery = seededRandom(`${seed}/recovery`)
  const id = (name: string): Uint8Array =>
    Uint8Array.of(0x01, 0x02, ...seededRandom(`${seed}/identity/${name}`)(32))
  const parties = identities ?? { idDevice: id('device'), idCosigner: id('cosigner') }
  const { kappa, publicKey: recoveryKey } = recoveryKeyFromSeed(recovery(32))
  const recoveryProof = proveRecoveryKey(kappa, ownerOf(parties.idDevice), recovery)
  return {
    device: seededRandom(`${seed}/device`),
    cosigner: seededRandom(`${seed}/cosigner`),
    parties,
    kappa,
    pins: { parties, recoveryKey, recoveryProof, policyHash: recovery(32) },
  }
}

/** Notes every body it is shown and decodes it as its receiver does. */
export function recorder() {
  const lines: Line[] = []
  function passed<N extends MessageName>(name: N, body: Uint8Array, batch?: number) {
    lines.push({ name, bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') })
    return decodeMessage(name, body, batch)
  }
  return { lines, passed }
}

export type Passed = ReturnType<typeof recorder>['passed']

/** A keygen from end to end. */
export function generate({ device, cosigner, parties, pins }: Cast, passed: Passed): Born {
  const { policyHash } = pins
  const started = keygen.start(pins, device)
  const answered = keygen.answer({ parties, policyHash }, passed('keygen.req1', started.send), cosigner)
  const opened = keygen.open(started.state, passed('keygen.res1', answered.send), device)
  const dealt = keygen.deal(answered.state, passed('keygen.req2', opened.send), cosigner)
  const res2 = encodeMessage('keygen.res2', { ...dealt.send, signature: SIGNATURE })
  const finished = keygen.finish(opened.state, passed('keygen.res2', res2), device)
  const req3 = encodeMessage('keygen.req3', { ...finished.send, signature: SIGNATURE })
  const confirmed = keygen.confirm(dealt.state, passed('keygen.req3', req3))
  return { device: finished.key, cosigner: confirmed }
}

/** Runs the whole course of a seed: keygen, a batch of two, both signatures, one fresh signature, a new OT setup. */
export function course(seed: string) {
  const people = cast(seed)
  const { device, cosigner, parties } = people
  const { lines, passed } = recorder()
  const born = generate(people, passed)
  const share = born.device.share
  const identities = { idInitiator: parties.idDevice, idResponder: parties.idCosigner }
  const I: presign.SigningContext = { ...born.device, ...identities }
  const J: presign.SigningContext = { ...born.cosigner, ...identities }

  const batch = 2
  const begun = presign.start(I, batch, device)
  const reply = presign.answer(J, passed('presign.req1', begun.send), cosigner)
  const half = presign.finish(begun.state, passed('presign.res1', reply.send, batch), device)
  const other = presign.confirm(reply.state, passed('presign.req2', half.send, batch))
  const mine = presign.accept(half.state, passed('presign.res2', other.send, batch))
  const pool = mine.map(({ presigId, presignature }, n) => {
    const input = inputOf(share, `m/0/${n}`, `pool ${n}`)
    const asked = sign.request(presignature, input)
    const { view } = passed('sign.req1', asked.send)
    sign.assertView(presigId, born.cosigner.share.publicKey, input, view)
    const theirs = other.presignatures[n]?.presignature as presign.ResponderPresignature
    const body = sign.release(theirs, input, cosigner)
    passed('sign.res1', body)
    return {
      ...described(share, input, `m/0/${n}`),
      presigId: hex(presigId),
      ...written(sign.combine(asked.state, body)),
    }
  })

  const input = inputOf(share, 'm', 'fresh')
  const freshBegun = presign.startFresh(I, input.request, device)
  const freshReply = presign.answerFresh(J, passed('fresh.req1', freshBegun.send), cosigner)
  const asked = sign.finishFresh(freshBegun.state, passed('fresh.res1', freshReply.send), input, device)
  const theirs = presign.confirmFresh(freshReply.state, passed('fresh.req2', asked.send))
  const body = sign.release(theirs, input, cosigner)
  passed('fresh.res2', body)
  const fresh = {
    ...described(share, input, 'm'),
    presigId: hex(freshReply.presigId),
    ...written(sign.combine(asked.state, body)),
  }

  const otSetupIds = renew(born, device, cosigner, passed)
  const recovered = openRecoveryShare(born.device.record, people.kappa)
  const { record } = born.device
  return {
    seed,
    messages: lines,
    key: {
      keyId: hex(record.keyId),
      X: hex(record.publicKey),
      cc: hex(record.chainCode),
      S: share.publicShares.map((point) => hex(encodePoint(point))),
      s: [share, born.cosigner.share, recovered].map((each) => hex(encodeScalar(expose(each.secretShare)))),
      K: hex(record.sidInputs.recoveryKey),
      otSetupIds: record.otSetupIds.map(hex),
      Tr: hex(record.transcript),
    },
    pool,
    fresh,
    renewedOtSetupIds: otSetupIds,
  }
}

function renew(born: Born, device: Random, cosigner: Random, passed: Passed): string[] {
  const pair = { initiator: 1, responder: 2 } as const
  const a = ot.start(born.device.share, pair, 'rotation', device)
  const b = ot.answer(born.cosigner.share, pair, passed('ot.req1', a.send), cosigner)
  const c = ot.open(a.state, passed('ot.res1', b.send), device)
  const d = ot.confirm(b.state, passed('ot.req2', c.send), cosigner)
  const { otSetup } = ot.finish(c.state, passed('ot.res2', d.send))
  return [hex(otSetup.idA), hex(otSetup.idB)]
}

/** The digest is SHA-256 of the request here; programs compute it from what the request means. */
function inputOf(share: KeyShare, path: string, text: string): sign.SigningInput {
  const request = new TextEncoder().encode(text)
  const digest = sign.digest(Uint8Array.from(createHash('sha256').update(request).digest()))
  return { digest, tweak: derive(share, parsePath(path)).tweak, request }
}

function described(share: KeyShare, input: sign.SigningInput, path: string) {
  return {
    path,
    request: Buffer.from(input.request).toString('utf8'),
    digest: hex(input.digest.bytes),
    tweak: hex(encodeScalar(input.tweak.scalar)),
    childKey: hex(encodePoint(sign.childKey(share.publicKey, input.tweak))),
  }
}

function written({ r, s, recoveryId }: sign.Signature) {
  return { r: hex(encodeScalar(r)), s: hex(encodeScalar(s)), recoveryId }
}
