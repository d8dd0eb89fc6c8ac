// What does an application import to leave the node, or to come back from a loss? Nothing of it is in the core.

export type { Link } from '@tercet/wire/conversation'
export { acknowledgeExposure } from '../condition.js'
export { ASSEMBLE_SENTENCE } from './assemble.js'
export { Exit, type ExitOptions, type ExitStage } from './exit.js'
export { joinCode } from './join.js'
export type { JoinOptions } from './join-options.js'
export { loopbackLink } from './loopback-link.js'
export { MOVE_STAGES, type MoveOptions, type MoveStage } from './move.js'
export type { ChangeOperatorOptions } from './operator.js'
export { JOIN_STAGES, type JoinStage, OPERATOR_STAGES, type OperatorStage } from './stages.js'
