// Does a device take a node's word for who it is only when that node has signed it, for this question, under our policy?

import { encodeIdentityDocument } from '@tercet/wire/control'
import { beforeEach, expect, it } from 'vitest'
import { platformRandom } from './engine/platform-random.js'
import { fetchNodeIdentity } from './identity.js'
import { FakeNode } from './testing/fake-node.js'
import type { HttpResponse, Transport } from './transport.js'

const device = Uint8Array.of(1, 2, ...new Uint8Array(32).fill(7))
let node: FakeNode
beforeEach(async () => {
  node = await FakeNode.start()
})

const ask = (transport: Transport) =>
  fetchNodeIdentity({
    node: 'https://node.example',
    transport,
    timeoutMilliseconds: 1000,
    random: platformRandom,
    device,
  })

it('is the identity that signed the answer', async () => {
  expect(await ask(node.transport)).toEqual(node.identity.publicIdentity)
})

it('is not taken from an answer without a signature, by another, or to another question', async () => {
  const other = await FakeNode.start()
  let kept: HttpResponse | undefined
  const lies: Transport[] = [
    async (request) => ({ ...(await node.transport(request)), headers: new Headers() }),
    async (request) => {
      const { headers } = await other.transport(request)
      return { ...(await node.transport(request)), headers }
    },
    async (request) => {
      kept ??= await node.transport(request)
      return kept
    },
    async (request) => {
      const answer = await other.transport(request)
      const body = encodeIdentityDocument({
        version: 1,
        suite: 'secp256k1',
        protocolVersion: 1,
        identity: node.identity.publicIdentity,
        address: '',
        policyHash: node.policyHash,
        time: 0,
      })
      return { ...answer, body }
    },
  ]
  for (const [i, lie] of lies.entries()) {
    // The kept answer was right once.
    if (i === 2) await ask(lie)
    await expect(ask(lie)).rejects.toMatchObject({ code: 'network' })
  }
})

it('is refused at once when the node has another policy for new wallets', async () => {
  node.policyHash = new Uint8Array(32).fill(1)
  let asked = 0
  const counting: Transport = (request) => {
    asked++
    return node.transport(request)
  }
  await expect(ask(counting)).rejects.toMatchObject({
    code: 'untrusted-node',
    field: 'policyHash',
    retry: 'no',
  })
  expect(asked).toBe(1)
})
