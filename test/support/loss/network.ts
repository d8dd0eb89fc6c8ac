// What if messages never arrive? A network that can be cut after so many of them. (SPEC 5.2)
import { fetchTransport, type Transport } from '@tercet/client'

/** `for good`: the network stays away until it is mended. `for once`: the lost ones are lost, and repeats come through. */
export type Loss = 'for good' | 'for once'

/** Requests and answers are messages alike; they are counted from the last `cut` or `mend`. */
export class Network {
  #messages = 0
  #lost = 0
  #after = Number.POSITIVE_INFINITY
  #toLose = 0

  /** How many were sent, lost ones included. */
  get messages(): number {
    return this.#messages
  }

  get lost(): number {
    return this.#lost
  }

  /** After so many messages the next `count` are lost, or all. */
  cut(after: number, count: number, loss: Loss): void {
    this.#messages = 0
    this.#lost = 0
    this.#after = after
    this.#toLose = loss === 'for good' ? Number.POSITIVE_INFINITY : count
  }

  /** From now on everything arrives. */
  mend(): void {
    this.cut(Number.POSITIVE_INFINITY, 0, 'for once')
  }

  /** For a wallet. A lost request reaches nobody; of a lost answer the node does not know. */
  readonly transport: Transport = async (request) => {
    this.pass()
    const response = await fetchTransport(request)
    this.pass()
    return response
  }

  /** One message on its way. @throws Error where it is lost */
  pass(): void {
    this.#messages++
    if (this.#messages <= this.#after || this.#lost >= this.#toLose) return
    this.#lost++
    throw new Error('lost on the way')
  }
}
