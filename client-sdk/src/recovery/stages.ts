// Which stages does a change of operator go through, as a user is told of them?

/** In order: the new node's offer, new shares with the other dealer, the new node's share, the store, both nodes, the first signature. */
export const OPERATOR_STAGES = [
  'offer',
  'deal',
  'hand-over',
  'store',
  'commit',
  'self-test',
  'ready',
] as const
export type OperatorStage = (typeof OPERATOR_STAGES)[number]

/** The stages of a new device: over the link, in its store, at the node, and its first signature. */
export const JOIN_STAGES = ['invitation', 'share', 'verify', 'store', 'commit', 'self-test', 'ready'] as const
export type JoinStage = (typeof JOIN_STAGES)[number]
