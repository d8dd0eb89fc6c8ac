// How do the outputs of both multiplications become shares of k*phi and x*phi, and how is the peer held to its inputs? (SPEC 4.3)

import { mod, mul, mulBase, type Point } from '../curve.js'
import { ProtocolAbort } from '../errors.js'
import type { Pair } from '../oblivious/rvole.js'

/** This party's secrets of one batch item. */
export interface OwnNonce {
  readonly k: bigint
  readonly phi: bigint
  readonly r: Point
}

/** What the peer showed for one batch item. */
export interface PeerItem {
  readonly r: Point
  readonly gu: Point
  readonly gv: Point
  readonly psi: bigint
}

/**
 * The gamma checks `b*R_peer == du*G + Gu` and `b*X_peer == dv*G + Gv`: the peer multiplied its nonce and its key share.
 * Both are evaluated before the answer is known.
 */
export function gammaHolds(b: bigint, peer: PeerItem, peerPoint: Point, d: Pair): boolean {
  const nonce = mul(peer.r, b).equals(mulBase(d[0]).add(peer.gu))
  const share = mul(peerPoint, b).equals(mulBase(d[1]).add(peer.gv))
  return nonce && share
}

/** Checks all items before any fails the batch. @throws ProtocolAbort `gamma`, then `nonce-identity` */
export function checkGamma(
  b: readonly bigint[],
  peers: readonly PeerItem[],
  peerPoint: Point,
  d: readonly Pair[],
  own: readonly OwnNonce[],
): readonly Point[] {
  let holds = true
  for (const [n, peer] of peers.entries()) {
    if (!gammaHolds(b[n] as bigint, peer, peerPoint, d[n] as Pair)) holds = false
  }
  if (!holds) throw new ProtocolAbort('gamma')
  return peers.map((peer, n) => {
    const r = peer.r.add((own[n] as OwnNonce).r)
    if (r.is0()) throw new ProtocolAbort('nonce-identity')
    return r
  })
}

/** `u = k*(phi + psi_peer) + cu + du`, `v = x*(phi + psi_peer) + cv + dv`. */
export function sumShares(
  own: OwnNonce,
  x: bigint,
  psiPeer: bigint,
  c: Pair,
  d: Pair,
): { u: bigint; v: bigint } {
  const factor = mod(own.phi + psiPeer)
  return { u: mod(own.k * factor + c[0] + d[0]), v: mod(x * factor + c[1] + d[1]) }
}

/** The per-item values of a received message, joined by index. */
export function peerItems(message: {
  r: readonly Point[]
  gu: readonly Point[]
  gv: readonly Point[]
  psi: readonly bigint[]
}): PeerItem[] {
  return message.r.map((r, n) => ({
    r,
    gu: message.gu[n] as Point,
    gv: message.gv[n] as Point,
    psi: message.psi[n] as bigint,
  }))
}
