// How does an application hear of what happens to its wallet while it is open?

import type { Claimed } from './claimed.js'

/** What a listener is told, by the event's name. */
export interface WalletEvents {
  /** The kit that was exported last does not open the wallet's present epoch any more: export it again. */
  'kit-changed': { readonly epoch: number }
  /** Somebody asks to take over this wallet: unless it is the user, stop it with `wallet.veto`. */
  'recovery-claimed': { readonly claims: readonly Claimed[] }
}

export type WalletEvent = keyof WalletEvents
export type Listener<E extends WalletEvent> = (told: WalletEvents[E]) => void

export class Events {
  readonly #listeners = new Map<WalletEvent, Set<Listener<never>>>()

  /**
   * Subscribes; the function that is returned ends it.
   * @param standing what happened before and still stands: told to this listener alone
   */
  on<E extends WalletEvent>(
    event: E,
    listener: Listener<E>,
    standing?: Promise<WalletEvents[E] | undefined>,
  ): () => void {
    const all = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, all.add(listener))
    standing?.then(
      (told) => told !== undefined && all.has(listener) && tell(listener, told),
      () => undefined,
    )
    return () => all.delete(listener)
  }

  /** Tells every listener. */
  emit<E extends WalletEvent>(event: E, told: WalletEvents[E]): void {
    for (const listener of this.#listeners.get(event) ?? []) tell(listener as Listener<E>, told)
  }
}

function tell<E extends WalletEvent>(listener: Listener<E>, told: WalletEvents[E]): void {
  try {
    listener(told)
  } catch {
    // A listener that fails must not end an operation of the wallet half-way.
  }
}
