// Which node is this? Asked once, at keygen; pinned from then on. (SPEC 1.1)

import { decodeIdentityDocument } from '@tercet/wire/control'
import { ENDPOINTS } from '@tercet/wire/endpoints'
import { urlOf } from './channel.js'
import { TercetError } from './errors.js'
import type { Transport } from './transport.js'
import { pause, within } from './waiting.js'

const TRIES = 3
const MAX_DOCUMENT_BYTES = 4096

/** idC, 34 bytes. Whether it is the right one is for whoever knows it from elsewhere. @throws TercetError `network`, `timeout` */
export async function fetchNodeIdentity(
  node: string,
  transport: Transport,
  timeoutMilliseconds: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  for (let tried = 1; ; tried++) {
    try {
      const response = await within(timeoutMilliseconds, signal, (limit) =>
        transport({
          method: 'GET',
          url: urlOf(node, ENDPOINTS.identity.path),
          headers: { accept: 'application/json' },
          signal: limit,
          maxResponseBytes: MAX_DOCUMENT_BYTES,
        }),
      )
      if (response.status !== 200) throw new Error(`status ${response.status}`)
      return decodeIdentityDocument(response.body).identity
    } catch (error) {
      if (error instanceof TercetError && error.code === 'aborted') throw error
      if (tried >= TRIES)
        throw error instanceof TercetError ? error : new TercetError('network', { cause: error })
      await pause(200 * tried, signal)
    }
  }
}
