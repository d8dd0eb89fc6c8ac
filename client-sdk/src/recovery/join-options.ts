// What does a new device need to join a wallet?

import type { Link } from '@tercet/wire/conversation'
import type { WalletOptions } from '../options.js'
import type { Progress } from '../progress.js'
import type { JoinStage } from './stages.js'

export interface JoinOptions extends Omit<WalletOptions, 'onProgress'> {
  /** The link to the recovery machine, or to the old device. */
  readonly link: Link
  /** The code that the recovery machine, or the old device, shows. */
  readonly invitation: string
  /** The wallet's address, where the user knows it: at `m/0/0`. Any other wallet is refused. */
  readonly address?: string
  /** Where the node is reached, if it is not where the kit says. */
  readonly node?: string
  readonly onProgress?: (progress: Progress<JoinStage>) => void
  /** For one message over the link, where a person may have to act: ten minutes where left out. */
  readonly linkTimeoutMilliseconds?: number
}

/** The options that every wallet has; the stages of joining are its own. */
export function walletOptions({ onProgress: _, ...options }: JoinOptions): WalletOptions {
  return options
}
