// How does anybody post, read and veto claims at a node: a device, a new one, the holder of kappa, a stranger?

import { sessionId } from '@tercet/protocol/session'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { type Authorities, type Claim, encodeClaimRequest, signClaim } from '@tercet/wire/claim'
import { type ClaimStatus, decodeClaimStatus } from '@tercet/wire/claim-status'
import { ENDPOINTS, type EndpointName, endpointPath } from '@tercet/wire/endpoints'
import { signRequest, verifyResponse } from '@tercet/wire/http-signature'
import type { Identity } from '@tercet/wire/identity'
import { parseProblem } from '@tercet/wire/problem'
import { random } from './raw-device.js'

export interface ControlAnswer {
  readonly code: string
  readonly field?: string | undefined
  readonly body: Uint8Array
  /** The unsigned header that tells a device to ask for claims. */
  readonly notice: string | null
}

export interface Target {
  readonly url: string
  /** base64url of the node's identity */
  readonly identity: string
  /** Unix seconds at the node. */
  readonly now: number
}

/** One message outside any protocol, signed, its answer verified. */
export async function ask(
  node: Target,
  from: Identity,
  name: EndpointName,
  about: { readonly walletId: string; readonly claimHash?: Uint8Array },
  body: Uint8Array = new Uint8Array(0),
): Promise<ControlAnswer> {
  const { method, opType, step } = ENDPOINTS[name]
  const path = endpointPath(name, about.walletId, about.claimHash && toBase64url(about.claimHash))
  const idTo = fromBase64url(node.identity, 'identity', 34)
  const nonce = random(32)
  const parts = { method, path, query: '', body, created: node.now, nonce }
  const context = {
    version: 1,
    idFrom: from.publicIdentity,
    idTo,
    keyId: fromBase64url(about.walletId, 'walletId', 32),
    epoch: 0,
    opType,
    sessionId: sessionId(opType, nonce, from.publicIdentity, idTo),
    step,
    prevMsgHash: new Uint8Array(32),
  } as const
  const response = await fetch(`${node.url}${path}`, {
    method,
    headers: { ...(await signRequest(from, { ...parts, context })) },
    ...(method === 'POST' ? { body: new Uint8Array(body) } : {}),
  })
  const answer = new Uint8Array(await response.arrayBuffer())
  const { status, headers } = response
  const { identity, nonce: echoed } = await verifyResponse({ status, headers, body: answer })
  const isOwn = Buffer.compare(identity, idTo) === 0 && Buffer.compare(echoed, nonce) === 0
  if (!isOwn) throw new Error('not an answer of this node to this message')
  const problem = status === 200 ? undefined : parseProblem(answer)
  const notice = headers.get('tercet-notice')
  return { code: problem?.code ?? 'ok', field: problem?.field, body: answer, notice }
}

/** A claim for a new device, dated now. */
export function claimFor(
  node: Target,
  walletId: string,
  newDevice: Identity,
  kind: Claim['kind'] = 'device-lost',
): Claim {
  return {
    version: 1,
    walletId,
    kind,
    newDevice: newDevice.publicIdentity,
    newRecoveryKey: null,
    nonce: random(32),
    createdAt: node.now,
  }
}

/** Posts a claim as its new device would, with the authorities that are given. */
export function post(
  node: Target,
  from: Identity,
  claim: Claim,
  authorities: Authorities,
): Promise<ControlAnswer> {
  const body = encodeClaimRequest({ claim, authorities })
  return ask(node, from, 'claims.post', { walletId: claim.walletId }, body)
}

/** A claim by the holder of kappa, as the node sees it then. */
export async function recover(node: Target, kappa: Identity, claim: Claim): Promise<ClaimStatus> {
  const { code, body } = await post(node, kappa, claim, { recovery: await signClaim(kappa, claim) })
  if (code !== 'ok') throw new Error(`refused: ${code}`)
  return decodeClaimStatus(body)
}
