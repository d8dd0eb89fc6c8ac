// What of the node is there for the day when a share is lost? (SPEC 5.4, 5.5)

import type { EndpointName } from '@tercet/wire/endpoints'
import type { Node } from '../node.js'
import type { Pairs } from '../pairs.js'
import type { Reply } from '../sessions.js'
import type { Incoming } from '../steps.js'
import { createClaims } from './claims.js'
import { createDrills } from './drills.js'
import { createClaimHandlers } from './handlers.js'
import { createKits } from './kits.js'
import { createLeaving } from './leaving.js'
import { createNewcomers } from './newcomers.js'
import { createOutbox } from './outbox.js'
import { createSuccessors } from './successors.js'

/** What answers a route: the names are those of its path, empty where it has none. */
type ForName = (incoming: Incoming, wallet: string, claimHash: string) => Promise<Reply>

type Leaving = 'reshare.release' | 'reshare.withdraw' | 'reshare.retire'

export type RecoveryRoutes = Readonly<
  Record<
    Extract<EndpointName, `claims.${string}` | `newcomers.${string}` | 'drill' | 'kit' | Leaving>,
    ForName
  >
>

export interface RecoverySettings {
  /** Where notices are posted; without one there are none. */
  readonly noticeUrl?: string | undefined
  /** The file of the operator's successors. */
  readonly successors: string
}

export function createRecovery(node: Node, { noticeUrl, successors: file }: RecoverySettings, pairs: Pairs) {
  const outbox = createOutbox(node, noticeUrl)
  const claims = createClaims(node, outbox)
  const newcomers = createNewcomers(node)
  const successors = createSuccessors(file, node.store.tagger)
  const leaving = createLeaving(node, pairs, claims, successors)
  const { post, list, get, veto } = createClaimHandlers(node, claims)
  const routes: RecoveryRoutes = {
    'claims.post': post,
    'claims.list': list,
    'claims.get': get,
    'claims.veto': veto,
    drill: createDrills(node),
    kit: createKits(node),
    'newcomers.offer': newcomers.offer,
    'newcomers.accept': newcomers.accept,
    'newcomers.commit': newcomers.commit,
    'newcomers.abandon': newcomers.abandon,
    'reshare.release': leaving.release,
    'reshare.withdraw': leaving.withdraw,
    'reshare.retire': leaving.retire,
  }
  return {
    claims,
    routes,
    /** Everything one-time goes. */
    dropAll: () => newcomers.sessions.endWhere(() => true, 'unknown-session'),
    /** Reads what is announced, and sends what was not sent. Before the node serves. */
    async start(): Promise<void> {
      successors.reload()
      await claims.start()
    },
    isSuccessor: successors.isSuccessor,
    async tick(): Promise<void> {
      newcomers.sessions.sweep()
      await claims.tick()
      successors.reload()
    },
    stop: outbox.stop,
  }
}

export type Recovery = ReturnType<typeof createRecovery>
