// Which routes of a wallet move it to its next epoch, and who may ask? (SPEC 5.2, 5.3)

import { equalBytes } from '@tercet/protocol/bytes'
import type { EndpointName } from '@tercet/wire/endpoints'
import type { Authenticated } from '@tercet/wire/http-signature'
import type { Node } from '../node.js'
import type { Pairs } from '../pairs.js'
import type { Claims } from '../recovery/claims.js'
import { Refusal } from '../refusal.js'
import type { Reply } from '../sessions.js'
import { type Incoming, ok } from '../steps.js'
import { statusOf } from './answers.js'
import { type Caller, callerOf } from './callers.js'
import { createCommit } from './commit.js'
import { createPrepare } from './prepare.js'
import { type IsSuccessor, readRequest } from './requests.js'

type Step = (incoming: Incoming, caller: Caller) => Promise<Reply>

export type ReshareRoutes = Readonly<
  Record<Extract<EndpointName, `reshare.${'start' | 'deal' | 'commit' | 'final'}`>, Step>
>

/** Refresh and replace, as the cosigner serves them. */
export function createReshare(node: Node, pairs: Pairs, claims: Claims, isSuccessor: IsSuccessor) {
  const prepare = createPrepare(node, claims, isSuccessor)
  const { commit, final } = createCommit(node, pairs, claims)
  const routes: ReshareRoutes = {
    'reshare.start': (incoming, caller) =>
      caller.isRevoked ? Promise.resolve(revoked(incoming, caller)) : prepare.start(incoming, caller),
    'reshare.deal': prepare.deal,
    'reshare.commit': commit,
    'reshare.final': final,
  }

  /** @throws Refusal `not-found`, `mismatch` */
  async function find(keyId: Uint8Array, { identity, context }: Authenticated): Promise<Caller> {
    const caller = await node.store.read((db) => callerOf(node.store, db, keyId, identity))
    if (!equalBytes(context.keyId, keyId)) throw new Refusal('mismatch', { field: 'context.key-id' })
    return caller
  }

  return { routes, find, sessions: prepare.sessions }
}

function revoked({ body }: Incoming, caller: Caller): Reply {
  return ok(statusOf(caller.state, readRequest(body, caller).id, 'revoked'))
}
