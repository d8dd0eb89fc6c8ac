// What is a use of the loss suites? One operation, by a name and a script. (SPEC 5.2)
import type { Wallet } from '@tercet/client'
import type { Random } from '@tercet/protocol/random'
import type { Network } from './network.js'

/** What a use plays in. */
export interface World {
  /** A folder of its own. */
  readonly folder: string
  readonly network: Network
  readonly random: Random
}

export interface Use {
  readonly name: string
  /** Makes what all its runs share: nodes, wallets. What begins a run, which may go on from what the run before it left. */
  prepare(world: World): Promise<() => Promise<Operation>>
}

export interface Operation {
  /** Of the wallet, where it exists already. */
  readonly address?: string
  /** Runs to its end, or throws where it cannot. */
  run(): Promise<void>
  /** What the user does when the network is back, who knows of nothing: the wallet that must sign. */
  afterwards(): Promise<Wallet>
}
