// What can a device do to a node, message by message? Every body and every context is the test's to bend.

import { createHash, randomFillSync } from 'node:crypto'
import { interpret } from '@tercet/chains/interpret'
import { encodePoint } from '@tercet/protocol/curve'
import type { KeyRecord } from '@tercet/protocol/key-record'
import type { KeyShare } from '@tercet/protocol/key-share'
import { finish, open, start } from '@tercet/protocol/keygen'
import { decodeMessage, encodeMessage, type OtReason } from '@tercet/protocol/messages'
import * as ot from '@tercet/protocol/ot-setup'
import { partyName } from '@tercet/protocol/party'
import * as presign from '@tercet/protocol/presign'
import { ownerOf, proveRecoveryKey, recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { type OpType, sessionId } from '@tercet/protocol/session'
import {
  request as askFor,
  combine,
  finishFresh,
  type Signature,
  type SigningInput,
} from '@tercet/protocol/sign'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import type { Context } from '@tercet/wire/context'
import { ENDPOINTS, type EndpointName, endpointPath } from '@tercet/wire/endpoints'
import { signRequest, verifyResponse } from '@tercet/wire/http-signature'
import { generateIdentity, type Identity, signTagged, verifyTagged } from '@tercet/wire/identity'
import { DEFAULT_POLICY, type PolicyDocument, policyHash } from '@tercet/wire/policy'
import { parseProblem } from '@tercet/wire/problem'
import { encodeRequest, type SigningRequest } from '@tercet/wire/request'

export const random = (length: number): Uint8Array => randomFillSync(new Uint8Array(length))
export const sha256 = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha256').update(bytes).digest())
const ZERO32 = new Uint8Array(32)

export interface Answer {
  readonly status: number
  /** `ok`, or the code of the problem. */
  readonly code: string
  readonly field?: string
  readonly body: Uint8Array
  /** Whether the answer carried a valid signature of the pinned node over a context that belongs to the request. */
  readonly signed: boolean
}

/** What a test may bend in one message. */
export interface Bend {
  readonly context?: Partial<Context>
  readonly created?: number
  readonly nonce?: Uint8Array
  readonly identity?: Identity
  readonly headers?: Readonly<Record<string, string>>
  readonly walletId?: string
  /** The body as sent, signed with the rest. */
  readonly body?: Uint8Array
}

export interface RawWallet {
  readonly device: RawDevice
  readonly share: KeyShare
  otSetup: ot.OtSetup
  readonly record: KeyRecord
  readonly walletId: string
  /** The recovery key, which no device keeps. */
  readonly kappa: bigint
}

export type PoolItem = ReturnType<typeof presign.accept>[number]

/** A device identity that talks to one node. */
export class RawDevice {
  readonly url: string
  readonly node: Uint8Array
  readonly identity: Identity

  constructor(url: string, node: Uint8Array, identity: Identity) {
    this.url = url
    this.node = node
    this.identity = identity
  }

  static async create(url: string, nodeIdentity: string): Promise<RawDevice> {
    return new RawDevice(url, fromBase64url(nodeIdentity, 'identity', 34), await generateIdentity())
  }

  /** Sends one message of a session and checks the signature of the answer. */
  async send(
    name: EndpointName,
    about: { readonly session: Uint8Array; readonly previous?: Uint8Array; readonly wallet?: RawWallet },
    body: Uint8Array,
    bend: Bend = {},
  ): Promise<Answer> {
    const { method, opType, step } = ENDPOINTS[name]
    const identity = bend.identity ?? this.identity
    const context: Context = {
      version: 1,
      idFrom: identity.publicIdentity,
      idTo: this.node,
      keyId: about.wallet?.share.keyId ?? ZERO32,
      epoch: about.wallet?.share.epoch ?? 0,
      opType,
      sessionId: about.session,
      step,
      prevMsgHash: about.previous ?? ZERO32,
      ...bend.context,
    }
    const sent = bend.body ?? body
    const path = endpointPath(name, bend.walletId ?? about.wallet?.walletId)
    const signed = await signRequest(identity, {
      method,
      path,
      query: '',
      body: sent,
      context,
      created: bend.created ?? Math.floor(Date.now() / 1000),
      nonce: bend.nonce ?? random(32),
    })
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { ...signed, 'content-type': 'application/octet-stream', ...bend.headers },
      ...(method === 'POST' ? { body: new Uint8Array(sent) } : {}),
    })
    const bytes = new Uint8Array(await response.arrayBuffer())
    const problem = response.status === 200 ? undefined : parseProblem(bytes)
    return {
      status: response.status,
      code: problem?.code ?? 'ok',
      ...(problem?.field !== undefined && { field: problem.field }),
      body: bytes,
      signed: await this.#answers(response, bytes, context, sent),
    }
  }

  async #answers(response: Response, body: Uint8Array, asked: Context, sent: Uint8Array): Promise<boolean> {
    const { identity, context } = await verifyResponse({
      status: response.status,
      headers: response.headers,
      body,
    })
    const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0
    return (
      same(identity, this.node) &&
      same(context.idTo, asked.idFrom) &&
      same(context.sessionId, asked.sessionId) &&
      context.step === asked.step + 1 &&
      same(context.prevMsgHash, sha256(sent))
    )
  }

  session(opType: OpType, nonce: Uint8Array): Uint8Array {
    return sessionId(opType, nonce, this.identity.publicIdentity, this.node)
  }

  /** Key generation; returns the wallet and the last message, which may be repeated. */
  async keygen(policy: PolicyDocument = DEFAULT_POLICY): Promise<{
    wallet: RawWallet
    confirm: { session: Uint8Array; previous: Uint8Array; body: Uint8Array; answer: Uint8Array }
  }> {
    const { kappa, publicKey } = recoveryKeyFromSeed(random(32))
    const owner = ownerOf(this.identity.publicIdentity)
    const started = start(
      {
        parties: { idDevice: this.identity.publicIdentity, idCosigner: this.node },
        recoveryKey: publicKey,
        recoveryProof: proveRecoveryKey(kappa, owner, random),
        policyHash: policyHash(policy),
      },
      random,
    )
    const session = started.sessionId
    const res1 = expectOk(await this.send('keygen.start', { session }, started.send))
    const opened = open(started.state, decodeMessage('keygen.res1', res1), random)
    const res2 = expectOk(await this.send('keygen.open', { session, previous: sha256(res1) }, opened.send))
    const message = decodeMessage('keygen.res2', res2)
    const { key, send } = finish(opened.state, message, random)
    const { keyId, transcript } = key.share
    const good = await verifyTagged(this.node, message.signature, 'sig/tr', partyName(2), keyId, transcript)
    if (!good) throw new Error('the node did not sign Tr')
    const signature = await signTagged(this.identity, 'sig/tr', partyName(1), keyId, transcript)
    const req3 = encodeMessage('keygen.req3', { ...send, signature })
    const previous = sha256(res2)
    const answer = expectOk(await this.send('keygen.confirm', { session, previous }, req3))
    const res3 = decodeMessage('keygen.res3', answer)
    if (!(await verifyTagged(this.node, res3.active, 'sig/active', keyId, transcript)))
      throw new Error('not active')
    const { share, otSetup, record } = key
    const wallet = { device: this, share, otSetup, record, walletId: toBase64url(keyId), kappa }
    return { wallet, confirm: { session, previous, body: req3, answer } }
  }

  context(wallet: RawWallet): presign.SigningContext {
    const { share, otSetup } = wallet
    return { share, otSetup, idInitiator: this.identity.publicIdentity, idResponder: this.node }
  }

  /** A batch of presignatures. */
  async presign(wallet: RawWallet, batch: number): Promise<PoolItem[]> {
    const started = presign.start(this.context(wallet), batch, random)
    const session = this.session('presign', started.nonce)
    const res1 = expectOk(await this.send('presign.start', { session, wallet }, started.send))
    const finished = presign.finish(started.state, decodeMessage('presign.res1', res1, batch), random)
    const about = { session, wallet, previous: sha256(res1) }
    const res2 = expectOk(await this.send('presign.open', about, finished.send))
    return presign.accept(finished.state, decodeMessage('presign.res2', res2, batch))
  }

  /** A signature with a presignature: one request. */
  async sign(wallet: RawWallet, item: PoolItem, request: SigningRequest): Promise<Signature> {
    const { state, send } = askFor(item.presignature, inputOf(wallet, request))
    const session = this.session('sign', item.presigId)
    return combine(state, expectOk(await this.send('sign', { session, wallet }, send)))
  }

  /** A signature without a presignature: two requests. */
  async signFresh(wallet: RawWallet, request: SigningRequest): Promise<Signature> {
    const input = inputOf(wallet, request)
    const started = presign.startFresh(this.context(wallet), input.request, random)
    const session = this.session('fresh', started.nonce)
    const res1 = expectOk(await this.send('fresh.start', { session, wallet }, started.send))
    const next = finishFresh(started.state, decodeMessage('fresh.res1', res1, 1), input, random)
    const about = { session, wallet, previous: sha256(res1) }
    return combine(next.state, expectOk(await this.send('fresh.open', about, next.send)))
  }

  /** A new OT setup for the pair. */
  async renew(wallet: RawWallet, reason: OtReason): Promise<void> {
    const started = ot.start(wallet.share, { initiator: 1, responder: 2 }, reason, random)
    const session = this.session('ot', started.nonce)
    const res1 = expectOk(await this.send('ot.start', { session, wallet }, started.send))
    const opened = ot.open(started.state, decodeMessage('ot.res1', res1), random)
    const about = { session, wallet, previous: sha256(res1) }
    const res2 = expectOk(await this.send('ot.finish', about, opened.send))
    wallet.otSetup = ot.finish(opened.state, decodeMessage('ot.res2', res2)).otSetup
  }

  /** The recovery kit as the node keeps it. */
  kit(wallet: RawWallet): Promise<Answer> {
    return this.control('kit', wallet, new Uint8Array(0))
  }

  /** One message of the operation control, which is no session. */
  control(name: EndpointName, wallet: RawWallet, body: Uint8Array): Promise<Answer> {
    const nonce = random(32)
    const session = sessionId('control', nonce, this.identity.publicIdentity, this.node)
    return this.send(name, { session, wallet }, body, { nonce })
  }
}

/** What both sides derive from a request. */
export function inputOf(wallet: RawWallet, request: SigningRequest): SigningInput {
  const { digest, tweak } = interpret(request, wallet.share)
  return { digest, tweak, request: encodeRequest(request) }
}

/** The key that a request's signature verifies under, and the digest it is on. */
export function expected(
  wallet: RawWallet,
  request: SigningRequest,
): { digest: Uint8Array; publicKey: Uint8Array } {
  const { digest, childKey } = interpret(request, wallet.share)
  return { digest: digest.bytes, publicKey: encodePoint(childKey) }
}

let requests = 0

/** An EIP-191 message request that is good for an hour. */
export function messageRequest(wallet: RawWallet, text: string, path = 'm/0/0'): SigningRequest {
  return {
    id: `request-${++requests}`,
    walletId: wallet.walletId,
    path,
    chain: 'eip155:1',
    kind: 'evm-message',
    payload: toBase64url(new TextEncoder().encode(text)),
    expiresAt: String(Math.floor(Date.now() / 1000) + 3600),
  }
}

export function selfTest(wallet: RawWallet): SigningRequest {
  const expiresAt = String(Math.floor(Date.now() / 1000) + 3600)
  return {
    id: 'self-test',
    walletId: wallet.walletId,
    path: 'm',
    chain: 'none',
    kind: 'self-test',
    payload: '',
    expiresAt,
  }
}

/** A proven cheat: the check of the OT extension fails. */
export function cheat(wallet: RawWallet): Promise<Answer> {
  const { device } = wallet
  const started = presign.start(device.context(wallet), 1, random)
  const session = device.session('presign', started.nonce)
  const bent = started.send.slice()
  bent[bent.length - 1] = (bent[bent.length - 1] ?? 0) ^ 1
  return device.send('presign.start', { session, wallet }, bent)
}

export function expectOk(answer: Answer): Uint8Array {
  if (answer.code !== 'ok') throw new Error(`the node said ${answer.code} ${answer.field ?? ''}`)
  if (!answer.signed) throw new Error('the answer is not signed for this request')
  return answer.body
}
