// How is an option's value read, and what is said of one that has not the right form?

import { Malformed } from '@tercet/protocol/errors'
import { Refused } from './exit.js'

/** Reads an option's value; a malformed one is named by its option. @throws Refused `usage` */
export function option<T>(name: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof Malformed) throw new Refused('usage', `${name}: not a value of the right form`)
    throw error
  }
}

/** A number of epochs or attempts. @throws Refused `usage` */
export function parseEpoch(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new Refused('usage', `not an epoch: ${text}`)
  return Number(text)
}
