// A cosigner in the memory of a test: the protocol's own steps behind a transport, with faults on demand.

import { sha256 } from '@noble/hashes/sha2.js'
import { interpret } from '@tercet/chains/interpret'
import { encodePoint, mulBase, randomScalar } from '@tercet/protocol/curve'
import { ProtocolAbort } from '@tercet/protocol/errors'
import * as keygen from '@tercet/protocol/keygen'
import { decodeMessage, encodeMessage } from '@tercet/protocol/messages'
import * as ot from '@tercet/protocol/ot-setup'
import { COSIGNER, DEVICE, partyName } from '@tercet/protocol/party'
import * as presign from '@tercet/protocol/presign'
import { ownerOf, proveRecoveryKey } from '@tercet/protocol/recovery-key'
import * as sign from '@tercet/protocol/sign'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { CODES, type Code } from '@tercet/wire/codes'
import { CONTEXT_HEADER, decodeContext } from '@tercet/wire/context'
import { encodeIdentityDocument } from '@tercet/wire/control'
import { ENDPOINTS, type EndpointName } from '@tercet/wire/endpoints'
import { type Authenticated, signResponse, verifyRequest } from '@tercet/wire/http-signature'
import { generateIdentity, type Identity, signTagged } from '@tercet/wire/identity'
import { DEFAULT_POLICY, policyHash } from '@tercet/wire/policy'
import { encodeProblem, type Problem, problem } from '@tercet/wire/problem'
import { decodeRequest } from '@tercet/wire/request'
import type { Recovery } from '../keygen.js'
import type { HttpRequest, HttpResponse, Transport } from '../transport.js'
import { FakeEpochs } from './fake-epochs.js'

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))
const PAIR = { initiator: DEVICE, responder: COSIGNER } as const
const ADDRESS = 'https://node.example'
const addressBytes = new TextEncoder().encode(ADDRESS)

/** A refusal, signed as every answer is. */
export class Refusal extends Error {
  readonly problem: Problem
  constructor(code: Code, extra: Omit<Problem, 'code'> = {}) {
    super(code)
    this.problem = problem(code, extra)
  }
}

/** Called for every message; may refuse it, change the answer's body, or lose the answer. */
export type Fault = (name: EndpointName, answer: () => Promise<Uint8Array>) => Promise<Uint8Array>

/** One HTTP message as it passed. */
export interface Passed {
  readonly name: EndpointName
  readonly body: Uint8Array
}

export class FakeNode {
  readonly identity: Identity
  readonly passed: Passed[] = []
  fault: Fault = (_, answer) => answer()
  key: keygen.KeyMaterial | undefined
  epochs: FakeEpochs | undefined
  otSetup: ot.OtSetup | undefined
  /** Its kit of the wallet, as it stored it. */
  kit: Uint8Array | undefined
  reasons: string[] = []
  policyHash = policyHash(DEFAULT_POLICY)
  #idDevice: Uint8Array = new Uint8Array(34)
  #answered = new Map<string, keygen.CosignerAnswered>()
  #dealt = new Map<string, keygen.CosignerDealt>()
  #renewals = new Map<string, ot.RenewAnswered>()
  #pool = new Map<string, { state: presign.ResponderAnswered; batch: number }>()
  #fresh = new Map<string, { state: presign.ResponderFreshAnswered; presigId: Uint8Array }>()
  #presignatures = new Map<string, presign.ResponderPresignature>()

  private constructor(identity: Identity) {
    this.identity = identity
  }

  static async start(): Promise<FakeNode> {
    return new FakeNode(await generateIdentity())
  }

  /** Another node that has everything that this one made in its key generation, and nothing since. */
  copy(): FakeNode {
    const twin = new FakeNode(this.identity)
    if (this.key === undefined) return twin
    twin.key = this.key
    twin.otSetup = this.key.otSetup
    twin.#idDevice = this.#idDevice
    twin.epochs = new FakeEpochs(this.identity, this.key, toBase64url(this.#idDevice), addressBytes)
    return twin
  }

  /** Forgets what a restart forgets. */
  restart(): void {
    for (const table of [
      this.#answered,
      this.#dealt,
      this.#renewals,
      this.#pool,
      this.#fresh,
      this.#presignatures,
    ]) {
      table.clear()
    }
    this.epochs?.restart()
  }

  readonly transport: Transport = async (request) => {
    const path = new URL(request.url).pathname
    if (path === ENDPOINTS.identity.path) return this.#identityAnswer(request)
    const name = nameOf(path)
    const body = request.body ?? new Uint8Array(0)
    this.passed.push({ name, body })
    const from = await verifyRequest({
      method: request.method,
      path,
      query: '',
      headers: { get: (header) => request.headers[header] ?? null },
      body,
    })
    try {
      return await this.#signed(200, await this.fault(name, () => this.#answer(name, body, from)), from, body)
    } catch (error) {
      const found = error instanceof ProtocolAbort ? problem('peer-fault') : undefined
      const said = error instanceof Refusal ? error.problem : found
      if (said === undefined) throw error
      return this.#signed(CODES[said.code].status, encodeProblem(said), from, body)
    }
  }

  async #answer(name: EndpointName, body: Uint8Array, from: Authenticated): Promise<Uint8Array> {
    const { context } = from
    const id = toBase64url(context.sessionId)
    switch (name) {
      case 'keygen.start': {
        this.#idDevice = from.identity
        const parties = { idDevice: from.identity, idCosigner: this.identity.publicIdentity }
        const pins = { parties, policyHash: policyHash(DEFAULT_POLICY) }
        const { state, send } = keygen.answer(pins, decodeMessage('keygen.req1', body), random)
        this.#answered.set(id, state)
        return send
      }
      case 'keygen.open': {
        const dealt = keygen.deal(
          this.#session(this.#answered, id),
          decodeMessage('keygen.req2', body),
          random,
        )
        this.#dealt.set(id, dealt.state)
        const signature = await signTagged(
          this.identity,
          'sig/tr',
          partyName(COSIGNER),
          dealt.keyId,
          dealt.transcript,
        )
        return encodeMessage('keygen.res2', { ...dealt.send, signature })
      }
      case 'keygen.confirm': {
        const message = decodeMessage('keygen.req3', body)
        if (this.key === undefined || !same(this.key.share.transcript, message.transcript)) {
          this.key = keygen.confirm(this.#session(this.#dealt, id), message)
          this.otSetup = this.key.otSetup
          const device = toBase64url(from.identity)
          this.epochs = new FakeEpochs(this.identity, this.key, device, addressBytes)
        }
        const { keyId, transcript } = this.key.share
        return encodeMessage('keygen.res3', {
          active: await signTagged(this.identity, 'sig/active', keyId, transcript),
          addressSignature: await signTagged(this.identity, 'sig/node', keyId, addressBytes),
          nodeAddress: addressBytes,
        })
      }
      case 'ot.start': {
        const message = decodeMessage('ot.req1', body)
        this.reasons.push(message.reason)
        const { state, send } = ot.answer(this.#material().share, PAIR, message, random)
        this.#renewals.set(id, state)
        return send
      }
      case 'ot.finish': {
        const made = ot.confirm(this.#session(this.#renewals, id), decodeMessage('ot.req2', body), random)
        this.otSetup = made.otSetup
        return made.send
      }
      case 'presign.start': {
        const message = decodeMessage('presign.req1', body)
        this.#sameSetup(message.otSetupA, context.epoch)
        const { state, send } = presign.answer(this.#context(context.epoch), message, random)
        this.#pool.set(id, { state, batch: message.batch })
        return send
      }
      case 'presign.open': {
        const { state, batch } = this.#session(this.#pool, id)
        const made = presign.confirm(state, decodeMessage('presign.req2', body, batch))
        for (const one of made.presignatures)
          this.#presignatures.set(toBase64url(one.presigId), one.presignature)
        return made.send
      }
      case 'sign': {
        const message = decodeMessage('sign.req1', body)
        const presignature = this.#presignatures.get(toBase64url(message.presigId))
        if (presignature === undefined) throw new Refusal('unknown-presignature')
        return this.#release(presignature, message.presigId, message.request, message.view)
      }
      case 'fresh.start': {
        const message = decodeMessage('fresh.req1', body)
        this.#sameSetup(message.otSetupA, context.epoch)
        const { state, send, presigId } = presign.answerFresh(this.#context(context.epoch), message, random)
        this.#fresh.set(id, { state, presigId })
        return send
      }
      case 'fresh.open': {
        const { state, presigId } = this.#session(this.#fresh, id)
        const message = decodeMessage('fresh.req2', body)
        const presignature = presign.confirmFresh(state, message)
        return this.#release(presignature, presigId, message.request, message.view)
      }
      case 'reshare.start':
        return this.#served().start(id, body, toBase64url(from.identity))
      case 'reshare.deal': {
        const answer = await this.#served().deal(id, body)
        if (answer === undefined) throw new Refusal('unknown-session')
        return answer
      }
      case 'reshare.commit': {
        const epochs = this.#served()
        const before = epochs.state.act
        const answer = await epochs.commit(body, toBase64url(from.identity))
        if (epochs.state.act !== before) {
          this.key = epochs.keys.act
          this.otSetup = this.key.otSetup
          this.#presignatures.clear()
        }
        return answer
      }
      case 'reshare.final':
        return this.#served().final(body, toBase64url(from.identity))
      case 'kit':
        if (this.kit === undefined) throw new Refusal('not-found')
        return this.kit
      default:
        throw new Refusal('not-found')
    }
  }

  #release(
    presignature: presign.ResponderPresignature,
    presigId: Uint8Array,
    requestBytes: Uint8Array,
    view: Uint8Array,
  ): Uint8Array {
    const { share } = this.#material()
    const request = decodeRequest(requestBytes)
    if (request.kind === 'raw-digest') throw new Refusal('denied')
    const { digest, tweak } = interpret(request, share)
    const input = { digest, tweak, request: requestBytes }
    sign.assertView(presigId, share.publicKey, input, view)
    this.#presignatures.delete(toBase64url(presigId))
    return sign.release(presignature, input, random)
  }

  #material(): keygen.KeyMaterial {
    if (this.key === undefined) throw new Refusal('not-found')
    return this.key
  }

  #served(): FakeEpochs {
    if (this.epochs === undefined) throw new Refusal('not-found')
    return this.epochs
  }

  #context(epoch: number): presign.SigningContext {
    return {
      ...this.#servedAt(epoch),
      idInitiator: this.#idDevice,
      idResponder: this.identity.publicIdentity,
    }
  }

  #sameSetup(idA: Uint8Array, epoch: number): void {
    if (!same(this.#servedAt(epoch).otSetup.idA, idA)) throw new Refusal('mismatch', { field: 'otSetupA' })
  }

  /** Act, or old until FINAL. */
  #servedAt(epoch: number): { share: keygen.KeyMaterial['share']; otSetup: ot.OtSetup } {
    const { share } = this.#material()
    const old = this.epochs?.keys.old
    if (epoch !== share.epoch) {
      if (old?.share.epoch !== epoch) throw new Refusal('mismatch', { field: 'context.epoch' })
      return old
    }
    if (this.otSetup === undefined) throw new Refusal('burned')
    return { share, otSetup: this.otSetup }
  }

  #session<T>(table: Map<string, T>, id: string): T {
    const state = table.get(id)
    if (state === undefined) throw new Refusal('unknown-session')
    return state
  }

  async #signed(
    status: number,
    body: Uint8Array,
    { context, nonce }: Authenticated,
    asked: Uint8Array,
  ): Promise<HttpResponse> {
    const headers = await signResponse(this.identity, {
      status,
      body,
      created: Math.floor(Date.now() / 1000),
      nonce,
      context: {
        ...context,
        idFrom: this.identity.publicIdentity,
        idTo: context.idFrom,
        step: context.step + 1,
        prevMsgHash: sha256(asked),
      },
    })
    return { status, headers: new Headers({ ...headers }), body }
  }

  async #identityAnswer(request: HttpRequest): Promise<HttpResponse> {
    const body = encodeIdentityDocument({
      version: 1,
      suite: 'secp256k1',
      protocolVersion: 1,
      identity: this.identity.publicIdentity,
      address: ADDRESS,
      policyHash: this.policyHash,
      time: Math.floor(Date.now() / 1000),
    })
    const context = decodeContext(request.headers[CONTEXT_HEADER] ?? '')
    const claimed = { context, nonce: random(32), created: 0, identity: context.idFrom }
    return this.#signed(200, body, claimed, new Uint8Array(0))
  }
}

/** A recovery key made for the test, registered for whatever device asks. */
export function testRecovery(): Recovery {
  const kappa = randomScalar(random)
  return ({ identity }) => ({
    publicKey: encodePoint(mulBase(kappa)),
    proof: proveRecoveryKey(kappa, ownerOf(fromBase64url(identity, 'identity')), random),
  })
}

/** Answers with something that is not signed. */
export function unsigned(status: number): (request: HttpRequest) => HttpResponse {
  return () => ({ status, headers: new Headers(), body: new Uint8Array(0) })
}

function nameOf(path: string): EndpointName {
  const general = path.replace(/^\/v1\/wallets\/[^/]+/, '/v1/wallets/{id}')
  for (const name of Object.keys(ENDPOINTS) as EndpointName[])
    if (ENDPOINTS[name].path === general) return name
  throw new Error(`no route ${path}`)
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return toBase64url(a) === toBase64url(b)
}
