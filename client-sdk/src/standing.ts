// What has happened to a wallet before anyone listened, and still stands?

import { knownClaims } from './claims.js'
import type { WalletEvent, WalletEvents } from './events.js'
import { staleKit } from './kits.js'
import type { Live } from './live.js'

type Standing = { readonly [E in WalletEvent]: (live: Live) => Promise<WalletEvents[E] | undefined> }

const STANDING: Standing = { 'kit-changed': staleKit, 'recovery-claimed': knownClaims }

/** What a new listener is told first, or undefined. */
export function standing<E extends WalletEvent>(live: Live, event: E): Promise<WalletEvents[E] | undefined> {
  return STANDING[event](live)
}
