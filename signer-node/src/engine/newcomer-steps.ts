// What does the setup worker compute where this node comes new to a key? Its share of it. (SPEC 5.3)

import { decodeMessage } from '@tercet/protocol/messages'
import type { Random } from '@tercet/protocol/random'
import { accept, confirm, type NewcomerOffered, offer } from '@tercet/protocol/reshare'
import { decodeKit } from '@tercet/wire/kit'
import type { Sealer } from '../seal.js'
import { type Generation, openShare, sealShare } from './material.js'
import { States } from './states.js'

interface Step {
  readonly handle: string
  readonly body: Uint8Array
}

export interface JoiningConfirmation {
  readonly generation: Generation
  readonly sealedShare: Uint8Array
  readonly body: Uint8Array
}

/** The steps by name; every argument and result can cross between threads. */
export function newcomerSteps(sealer: Sealer, random: Random, limit: number) {
  const states = new States<NewcomerOffered>(limit)
  return {
    'newcomer.offer': ({ handle, body, identity }: Step & { readonly identity: Uint8Array }) => {
      const { state, sealKey } = offer(decodeMessage('newcomer.req1', body), identity, random)
      states.put(handle, state)
      return { sealKey }
    },
    /** Every check of a receiver. The signatures on the base's record are the caller's to check. */
    'newcomer.accept': ({ handle, body }: Step) => {
      const message = decodeMessage('newcomer.req2', body)
      const { record } = decodeKit(message.baseKit)
      const { key, send } = accept(states.take(handle), { record }, message, random)
      return { fields: send, record: key.record, sealedShare: sealShare(sealer, key.share) }
    },
    /** COMMIT: the same share identity and transcript, and the device knows its share. */
    'newcomer.confirm': ({ generation, sealedShare, body }: JoiningConfirmation) => {
      confirm(openShare(sealer, generation, sealedShare), decodeMessage('newcomer.req3', body))
    },
    'newcomer.drop': ({ handle }: { readonly handle: string }) => states.drop(handle),
  }
}

export type NewcomerSteps = ReturnType<typeof newcomerSteps>
