// What of the node is there for the day when a share is lost? (SPEC 5.4, 5.5)

import type { EndpointName } from '@tercet/wire/endpoints'
import type { Node } from '../node.js'
import type { Reply } from '../sessions.js'
import type { Incoming } from '../steps.js'
import { createClaims } from './claims.js'
import { createDrills } from './drills.js'
import { createClaimHandlers } from './handlers.js'
import { createOutbox } from './outbox.js'

/** What answers a route: the names are those of its path, empty where it has none. */
type ForName = (incoming: Incoming, wallet: string, claimHash: string) => Promise<Reply>

export type RecoveryRoutes = Readonly<Record<Extract<EndpointName, `claims.${string}` | 'drill'>, ForName>>

/** @param noticeUrl where notices are posted; without one there are none */
export function createRecovery(node: Node, noticeUrl: string | undefined) {
  const outbox = createOutbox(node, noticeUrl)
  const claims = createClaims(node, outbox)
  const { post, list, get, veto } = createClaimHandlers(node, claims)
  const routes: RecoveryRoutes = {
    'claims.post': post,
    'claims.list': list,
    'claims.get': get,
    'claims.veto': veto,
    drill: createDrills(node),
  }
  return {
    claims,
    routes,
    /** Reads what is announced, and sends what was not sent. Before the node serves. */
    start: claims.start,
    tick: claims.tick,
    stop: outbox.stop,
  }
}

export type Recovery = ReturnType<typeof createRecovery>
