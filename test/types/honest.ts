// Does the whole honest course compile, keygen to signature, with nothing but each step's own state? (SPEC 1.2, 4.3, 4.4)
import type { Point } from '@tercet/protocol/curve'
import { derive, parsePath } from '@tercet/protocol/derivation'
import * as keygen from '@tercet/protocol/keygen'
import { decodeMessage, encodeMessage } from '@tercet/protocol/messages'
import * as presign from '@tercet/protocol/presign'
import type { Random } from '@tercet/protocol/random'
import * as sign from '@tercet/protocol/sign'

/** Both parties of one wallet in one program; it only has to compile. */
export function course(
  pins: keygen.DeviceKeygen,
  publicKey: Point,
  digestBytes: Uint8Array,
  request: Uint8Array,
  random: Random,
): sign.Signature {
  const { parties, policyHash } = pins
  const started = keygen.start(pins, random)
  const answered = keygen.answer({ parties, policyHash }, decodeMessage('keygen.req1', started.send), random)
  const opened = keygen.open(started.state, decodeMessage('keygen.res1', answered.send), random)
  const dealt = keygen.deal(answered.state, decodeMessage('keygen.req2', opened.send), random)
  const signature = new Uint8Array(64)
  const res2 = encodeMessage('keygen.res2', { ...dealt.send, signature })
  const finished = keygen.finish(opened.state, decodeMessage('keygen.res2', res2), random)
  const req3 = encodeMessage('keygen.req3', { ...finished.send, signature })
  const confirmed = keygen.confirm(dealt.state, decodeMessage('keygen.req3', req3))

  const identities = { idInitiator: parties.idDevice, idResponder: parties.idCosigner }
  const device: presign.SigningContext = { ...finished.key, ...identities }
  const cosigner: presign.SigningContext = { ...confirmed, ...identities }
  const { chainCode } = device.share
  const { tweak } = derive({ publicKey, chainCode }, parsePath('m/0/7'))
  const input: sign.SigningInput = { digest: sign.digest(digestBytes), tweak, request }

  const begun = presign.start(device, 1, random)
  const reply = presign.answer(cosigner, decodeMessage('presign.req1', begun.send), random)
  const half = presign.finish(begun.state, decodeMessage('presign.res1', reply.send, 1), random)
  const other = presign.confirm(reply.state, decodeMessage('presign.req2', half.send, 1))
  const [mine] = presign.accept(half.state, decodeMessage('presign.res2', other.send, 1))
  const [theirs] = other.presignatures
  if (mine === undefined || theirs === undefined) throw new Error('a batch of one has one presignature')
  const asked = sign.request(mine.presignature, input)
  const { view } = decodeMessage('sign.req1', asked.send)
  sign.assertView(theirs.presigId, cosigner.share.publicKey, input, view)
  return sign.combine(asked.state, sign.release(theirs.presignature, input, random))
}
