// How does a cosigner in the memory of a test take part in a refresh? With the protocol's own steps and its own rules.

import { encodePoint } from '@tercet/protocol/curve'
import type { CosignerEpochs, Refused, ShareId } from '@tercet/protocol/epochs'
import { cosigner } from '@tercet/protocol/epochs'
import type { KeyMaterial } from '@tercet/protocol/keygen'
import { decodeMessage, encodeMessage, type FieldsOf } from '@tercet/protocol/messages'
import { COSIGNER, partyName } from '@tercet/protocol/party'
import * as reshare from '@tercet/protocol/reshare'
import { toBase64url } from '@tercet/wire/base64url'
import { type Identity, signTagged } from '@tercet/wire/identity'

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))
const NOBODY: ShareId = { epoch: 0, attempt: 0 }

interface Dealing {
  readonly asked: { readonly base: ShareId; readonly id: ShareId; readonly from: string }
  readonly state: reshare.RefreshAnswered
}

export class FakeEpochs {
  state: CosignerEpochs
  /** Keys of act, and of old and pend where there are any. */
  readonly keys: { act: KeyMaterial; old?: KeyMaterial; pend?: KeyMaterial }
  /** Whether the device has been replaced. */
  revoked = false
  /** What each message asked for, in order. */
  readonly finals: ShareId[] = []
  readonly #identity: Identity
  readonly #address: Uint8Array
  readonly #dealings = new Map<string, Dealing>()

  constructor(identity: Identity, key: KeyMaterial, device: string, address: Uint8Array) {
    this.#identity = identity
    this.#address = address
    this.keys = { act: key }
    this.state = cosigner.first(device, toBase64url(key.share.transcript))
  }

  /** Forgets the sessions; what is pending stays. */
  restart(): void {
    this.#dealings.clear()
  }

  start(session: string, body: Uint8Array, from: string): Uint8Array {
    const message = decodeMessage('refresh.req1', body)
    const id = idOf(message)
    if (this.revoked) return this.#status('revoked', id)
    const base = { epoch: message.baseEpoch, attempt: message.baseAttempt }
    const asked = { kind: 'refresh', base, id, from, newHolder: from } as const
    const refused = cosigner.refusal(this.state, asked, { delayOver: true })
    if (refused !== null) return this.#status('refused', id, refused)
    const { share, record } = this.keys.act
    const changed =
      toBase64url(encodePoint(message.recoveryKey)) !== toBase64url(record.sidInputs.recoveryKey)
    const pins = { share, record, ...(changed ? { recoveryKey: message.recoveryKey } : {}) }
    const { state, send } = reshare.answerRefresh(pins, message, random)
    this.#dealings.set(session, { asked, state })
    return send
  }

  async deal(session: string, body: Uint8Array): Promise<Uint8Array | undefined> {
    const dealing = this.#dealings.get(session)
    if (dealing === undefined) return undefined
    const { key, send } = reshare.dealRefresh(dealing.state, decodeMessage('refresh.req2', body), random)
    const transcript = toBase64url(key.share.transcript)
    const { asked } = dealing
    const step = cosigner.prepare(
      this.state,
      { ...asked, kind: 'refresh', newHolder: asked.from, transcript },
      { delayOver: true },
    )
    this.state = step.state
    if (step.answer.type === 'refused') return this.#status('refused', asked.id, step.answer)
    this.keys.pend = key
    const signature = await this.#signTr(key)
    return encodeMessage('refresh.res2', { ...send, signature })
  }

  async commit(body: Uint8Array, from: string): Promise<Uint8Array> {
    const message = decodeMessage('reshare.req3', body)
    const id = idOf(message)
    if (this.revoked) return this.#status('revoked', id)
    if (this.keys.pend !== undefined && this.state.pend !== null)
      reshare.confirm(this.keys.pend.share, message)
    const step = cosigner.commit(
      this.state,
      { id, from, transcript: toBase64url(message.transcript) },
      { delayOver: true },
    )
    this.state = step.state
    for (const effect of step.effects) {
      if (effect === 'act-becomes-old') this.keys.old = this.keys.act
      if (effect === 'pend-becomes-act' && this.keys.pend !== undefined) {
        this.keys.act = this.keys.pend
        delete this.keys.pend
      }
    }
    if (step.answer.type !== 'committed') return this.#status('unknown', id)
    const { keyId, transcript } = this.keys.act.share
    return encodeMessage('reshare.res3', {
      ...id,
      active: await signTagged(this.#identity, 'sig/active', keyId, transcript),
      addressSignature: await signTagged(this.#identity, 'sig/node', keyId, this.#address),
      nodeAddress: this.#address,
    })
  }

  final(body: Uint8Array, from: string): Uint8Array {
    const id = idOf(decodeMessage('reshare.req4', body))
    this.finals.push(id)
    if (this.revoked) return this.#status('revoked', id)
    const step = cosigner.final(this.state, { id, from })
    this.state = step.state
    if (step.effects.includes('drop-old')) delete this.keys.old
    return encodeMessage('reshare.res4', id)
  }

  #status(
    status: FieldsOf<'reshare.status'>['status'],
    id: ShareId,
    { act, old, att }: Pick<Refused, 'act' | 'old' | 'att'> = { act: NOBODY, old: null, att: 0 },
  ): Uint8Array {
    return encodeMessage('reshare.status', {
      ...id,
      status,
      actEpoch: act.epoch,
      actAttempt: act.attempt,
      hasOld: old === null ? 'no' : 'yes',
      oldEpoch: old?.epoch ?? 0,
      oldAttempt: old?.attempt ?? 0,
      att,
    })
  }

  #signTr({ share }: KeyMaterial): Promise<Uint8Array> {
    return signTagged(this.#identity, 'sig/tr', partyName(COSIGNER), share.keyId, share.transcript)
  }
}

function idOf({ epoch, attempt }: ShareId): ShareId {
  return { epoch, attempt }
}
