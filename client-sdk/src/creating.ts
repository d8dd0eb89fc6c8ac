// How is a wallet created with a node? Loaded only where one is: a page that opens its wallet needs none of it.

import { builtInPolicy, DEFAULT_RECOVERY_DELAY_SECONDS, type PolicyDocument } from '@tercet/wire/policy'
import { platformRandom } from './engine/platform-random.js'
import { codeOf, throwIfAborted } from './errors.js'
import { fetchNodeIdentity } from './identity.js'
import {
  type Creation,
  checkExpected,
  confirmKey,
  makeKey,
  type Registered,
  registerRecovery,
} from './keygen.js'
import type { Live } from './live.js'
import { finish, withEngine } from './opening.js'
import { type CreateOptions, channelOf, connection, given } from './options.js'
import { reporter, STAGES } from './progress.js'

/** Keygens begun anew because the node forgot the session: each with fresh secrets. */
const CREATE_TRIES = 2

/** A new key that the node has confirmed and that has signed once. @throws TercetError */
export async function createLive(options: CreateOptions): Promise<Live> {
  const report = reporter(STAGES, options.onProgress)
  report('identity')
  const identity = await options.storage.identity()
  const { node, random = platformRandom, signal } = options
  const found = await fetchNodeIdentity({
    node,
    random,
    device: identity.publicIdentity,
    ...connection(options),
    ...(signal === undefined ? {} : { signal }),
  })
  checkExpected(found, options.expectedIdentity)
  report('recovery')
  const recovery = await registerRecovery(options.recovery, identity)
  throwIfAborted(signal)
  return withEngine(options, async (engine) => {
    const channel = await channelOf(options, node, found)
    const creation: Creation = { ...given(options), channel, engine, report }
    const policy = builtInPolicy(options.recoveryDelaySeconds ?? DEFAULT_RECOVERY_DELAY_SECONDS)
    const { walletId, records } = await newKey(creation, recovery, policy)
    return finish(options, creation, walletId, records)
  })
}

/** A key that the node has confirmed; made anew where the node forgot the session before it did. */
async function newKey(
  creation: Creation,
  recovery: Registered,
  policy: PolicyDocument,
): ReturnType<typeof makeKey> {
  for (let tried = 1; ; tried++) {
    const { walletId, records } = await makeKey(creation, recovery, policy)
    try {
      return { walletId, records: await confirmKey(creation, walletId, records) }
    } catch (error) {
      if (tried >= CREATE_TRIES || codeOf(error) !== 'unknown-session') throw error
    }
  }
}
