// What does the signing worker compute? Presignatures, what a request signs, and the one share per presignature. (SPEC 4.3, 4.4)

import type { Facts } from '@tercet/chains/facts'
import { type Interpretation, interpret } from '@tercet/chains/interpret'
import { equalBytes } from '@tercet/protocol/bytes'
import { Malformed, Misuse, ProtocolAbort } from '@tercet/protocol/errors'
import type { KeyShare } from '@tercet/protocol/key-share'
import { decodeMessage, type MessageOf } from '@tercet/protocol/messages'
import {
  answer,
  answerFresh,
  confirm,
  confirmFresh,
  type ResponderAnswered,
  type ResponderFreshAnswered,
  type ResponderPresignature,
} from '@tercet/protocol/presign'
import type { Random } from '@tercet/protocol/random'
import { assertView, release, type SigningInput } from '@tercet/protocol/sign'
import { decodeRequest, requestHash } from '@tercet/wire/request'
import type { Sealer } from '../seal.js'
import { createVault, type Material } from './material.js'
import { States } from './states.js'

/** Both identities of the exchange, 34 bytes each. */
interface Parties {
  readonly idInitiator: Uint8Array
  readonly idResponder: Uint8Array
}

interface Started extends Parties {
  readonly handle: string
  readonly material: Material
  readonly body: Uint8Array
}

interface Step {
  readonly handle: string
  readonly body: Uint8Array
}

/** What policy needs to know of a request: parsed once, here, from the bytes that will be signed. (invariant I13) */
export interface Judged {
  readonly facts: Facts
  /** Unix seconds. */
  readonly expiresAt: number
  /** `TH("request", bytes)` */
  readonly requestHash: Uint8Array
}

interface FreshSession {
  readonly answered: ResponderFreshAnswered
  readonly presigId: Uint8Array
  readonly share: KeyShare
  /** The parsed request of Req1. */
  readonly judged: Judged
  readonly input: SigningInput
}

/** The steps by name; every argument and result can cross between threads. */
export function signingSteps(sealer: Sealer, random: Random, limits: { states: number; keys: number }) {
  const vault = createVault(sealer, limits.keys)
  const answered = new States<ResponderAnswered>(limits.states)
  const judgedFresh = new States<{ judged: Judged; input: SigningInput }>(limits.states)
  const fresh = new States<FreshSession>(limits.states)
  const opened = new States<{ session: FreshSession; message: MessageOf<'fresh.req2'> }>(limits.states)
  const presignatures = new States<ResponderPresignature>(limits.states)
  const inputs = new States<SigningInput>(limits.states)

  return {
    'presign.answer': ({ handle, material, body, ...parties }: Started) => {
      const context = { ...vault.open(material), ...parties }
      const { state, send } = answer(context, decodeMessage('presign.req1', body), random)
      answered.put(handle, state)
      return { send }
    },
    /** Holds the presignatures under the names that the caller gives to their ids. */
    'presign.confirm': ({ handle, body, batch }: Step & { readonly batch: number }) => {
      const state = answered.take(handle)
      const made = confirm(state, decodeMessage('presign.req2', body, batch))
      for (const { presigId, presignature } of made.presignatures) {
        presignatures.put(nameOf(presigId), presignature)
      }
      return { send: made.send, presigIds: made.presignatures.map(({ presigId }) => presigId) }
    },
    /** Pool mode, 4.4 (1): parses the request, derives digest and tweak, compares the view. Takes nothing. */
    'sign.view': ({ handle, material, body }: Omit<Started, keyof Parties>) => {
      const message = decodeMessage('sign.req1', body)
      const { share } = vault.open(material)
      const { judged, input } = judge(message.request, share)
      assertView(message.presigId, share.publicKey, input, message.view)
      inputs.drop(handle)
      inputs.put(handle, input)
      return judged
    },
    /** Fresh mode, before any OT work: parses the request of Req1. */
    'fresh.judge': ({ handle, material, body }: Omit<Started, keyof Parties>) => {
      const message = decodeMessage('fresh.req1', body)
      const parsed = judge(message.request, vault.open(material).share)
      judgedFresh.drop(handle)
      judgedFresh.put(handle, parsed)
      return parsed.judged
    },
    'fresh.answer': ({ handle, material, body, ...parties }: Started) => {
      const { judged, input } = judgedFresh.take(handle)
      const context = { ...vault.open(material), ...parties }
      const { state, send, presigId } = answerFresh(context, decodeMessage('fresh.req1', body), random)
      fresh.put(handle, { answered: state, presigId, share: context.share, judged, input })
      return { send }
    },
    /** Fresh mode, Req2: decodes, the request is that of Req1, the view is ours. */
    'fresh.view': ({ handle, body }: Step) => {
      const session = fresh.take(handle)
      const message = decodeMessage('fresh.req2', body, 1)
      if (!equalBytes(requestHash(message.request), session.judged.requestHash)) {
        throw new ProtocolAbort('request-changed')
      }
      assertView(session.presigId, session.share.publicKey, session.input, message.view)
      opened.put(handle, { session, message })
      return session.judged
    },
    /** Fresh mode, Req2: C1, mu, gamma, R. The presignature stays here until its release. */
    'fresh.confirm': ({ handle }: { readonly handle: string }) => {
      const { session, message } = opened.take(handle)
      const presignature = confirmFresh(session.answered, message)
      presignatures.put(handle, presignature)
      inputs.put(handle, session.input)
    },
    /** 4.4 (4) and (5): takes the presignature out of its box, draws nE, computes the share. */
    release: ({ handle, presignature }: { readonly handle: string; readonly presignature: string }) => {
      const input = inputs.take(handle)
      const box = presignatures.take(presignature)
      return { send: release(box, input, random) }
    },
    'signing.drop': ({ handles }: { readonly handles: readonly string[] }) => {
      for (const handle of handles) {
        for (const table of [answered, judgedFresh, fresh, opened, presignatures, inputs]) table.drop(handle)
      }
    },
    /** Forgets an opened OT setup: it was burned or replaced. */
    'signing.forget': ({ otSetupA }: { readonly otSetupA: Uint8Array }) => vault.forget(otSetupA),
  }
}

export type SigningSteps = ReturnType<typeof signingSteps>

/** A presignature's handle. */
export function nameOf(presigId: Uint8Array): string {
  return `presignature:${Buffer.from(presigId).toString('base64url')}`
}

function judge(bytes: Uint8Array, share: KeyShare): { judged: Judged; input: SigningInput } {
  const request = decodeRequest(bytes)
  const { digest, tweak, facts }: Interpretation = interpret(request, share)
  const expiresAt = Number(request.expiresAt)
  if (!Number.isSafeInteger(expiresAt)) throw new Malformed('request.expiresAt')
  const judged = { facts, expiresAt, requestHash: requestHash(bytes) }
  if (facts.kind !== request.kind) throw new Misuse('facts of another kind')
  return { judged, input: { digest, tweak, request: bytes.slice() } }
}
