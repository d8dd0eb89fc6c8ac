// Which kit is a wallet's newest? The node gives it to whoever holds the recovery key; it must be of the same wallet. (SPEC 1.6, 5.4)

import { equalBytes } from '@tercet/protocol/bytes'
import type { EndpointName } from '@tercet/wire/endpoints'
import { askYes } from './exit/ask.js'
import { Refused } from './exit.js'
import { type ConsistentKit, KitRefused, verifyKit } from './kit-verification.js'
import { NodeError } from './recover/node-client.js'
import { tell } from './terminal.js'

/** The node, as idV asks it. */
export interface KitSource {
  /** Whose answers these are, 34 bytes. */
  readonly cosigner: Uint8Array
  ask(name: EndpointName): Promise<Uint8Array>
}

/** Who else signs for the wallet now than at the time of the kit at hand. */
export type ChangedParty = 'device' | 'node'

export interface NewestKit {
  readonly found: ConsistentKit
  /** Empty where the parties are those of the kit at hand. */
  readonly changed: readonly ChangedParty[]
}

/**
 * The kit of the epoch that the node serves: checked like any other, and of the same wallet, key and recovery key as the kit at
 * hand, which stands for what its owner knows. Its parties may have changed: that is for a person to confirm. A node that has
 * none for this recovery key, or has let go of the wallet, leaves the kit at hand: what it says to a claim tells more.
 * @throws Refused; NodeError where the node does not answer
 */
export async function newestKit(atHand: ConsistentKit, node: KitSource): Promise<NewestKit> {
  const given = await node.ask('kit').catch((error: unknown) => {
    if (error instanceof NodeError && error.code === 'not-found') return undefined
    throw error
  })
  if (given === undefined) return { found: atHand, changed: [] }
  const found = await checked(given)
  const [then, now] = [atHand.kit.record, found.kit.record]
  const same =
    equalBytes(now.keyId, then.keyId) &&
    equalBytes(now.publicKey, then.publicKey) &&
    equalBytes(now.chainCode, then.chainCode) &&
    equalBytes(now.sidInputs.recoveryKey, then.sidInputs.recoveryKey)
  if (!same || !equalBytes(now.sidInputs.idC, node.cosigner))
    throw new Refused('failed', 'the kit of the node is of another wallet', { reason: 'other-wallet' })
  const isOther = !equalBytes(now.transcript, then.transcript)
  if (now.epoch < then.epoch || (now.epoch === then.epoch && isOther))
    throw new Refused(
      'failed',
      `the node is at epoch ${now.epoch} and knows nothing of this kit, which is of epoch ${then.epoch}: ask its operator`,
      { reason: 'node-behind' },
    )
  if (!isOther) return { found: atHand, changed: [] }
  const isChanged = (name: 'idD' | 'idC') => !equalBytes(now.sidInputs[name], then.sidInputs[name])
  return {
    found,
    changed: [
      ...(isChanged('idD') ? (['device'] as const) : []),
      ...(isChanged('idC') ? (['node'] as const) : []),
    ],
  }
}

/** Says which kit is used, and has it confirmed where its parties are others. @throws Refused `failed` where it is not */
export async function confirmNewest(
  atHand: ConsistentKit,
  { found, changed }: NewestKit,
  confirmed: boolean | undefined,
): Promise<ConsistentKit> {
  if (found === atHand) return found
  tell(goingOnWith(atHand, found))
  if (changed.length === 0) return found
  tell(
    '',
    `The parties have changed since your kit was made: another ${changed.join(' and another ')}.`,
    'Whoever took the wallet over against your will would look the same. Go on only if you know of the change.',
    '',
  )
  if (confirmed === true || (await askYes('Do you know of it?', '--parties-changed'))) return found
  throw new Refused('failed', 'not confirmed: the parties have changed', {
    reason: 'parties-changed',
    changed,
  })
}

/** Which kit is used, in words. */
export function goingOnWith(atHand: ConsistentKit, found: ConsistentKit): string {
  return `this kit is of epoch ${atHand.epoch}: going on with that of epoch ${found.epoch}, from the node`
}

async function checked(bytes: Uint8Array): Promise<ConsistentKit> {
  try {
    return await verifyKit(bytes)
  } catch (error) {
    if (!(error instanceof KitRefused)) throw error
    const details = { reason: error.reason, field: error.field }
    throw new Refused('failed', `the kit that the node gives is wrong: ${error.message}`, details)
  }
}
