// What if a node says one thing of the last messages and does another, or nothing? The pair signs afterwards, at the same address. (SPEC 5.2)

import process from 'node:process'
import { decodeMessage, encodeMessage } from '@tercet/protocol/messages'
import { recoverMessageAddress } from 'viem'
import { beforeAll, describe, expect, it } from 'vitest'
import { codeOf } from '../errors.js'
import { openLive } from '../opening.js'
import { memoryStorage } from '../storage/memory.js'
import type { DeviceStorage } from '../storage/storage.js'
import { bornWallet, openWith, withIdentity } from '../testing/born-wallet.js'
import type { FakeNode } from '../testing/fake-node.js'
import { resume } from './refresh.js'

/** Every view of FINAL with every pair of COMMIT, in a deep run; else each in its turn. */
const EVERY = process.env['TERCET_DEEP'] === '1'

/** What the node makes of one COMMIT or FINAL; `obey` is what an honest one does. */
type View = (obey: () => Promise<Uint8Array>, asked: Uint8Array) => Promise<Uint8Array>

const lost = (): never => {
  throw new Error('lost on the way')
}
const status = (asked: Uint8Array, said: 'unknown' | 'refused'): Uint8Array => {
  const { epoch, attempt } = decodeMessage('reshare.req3', asked)
  const elsewhere = { actEpoch: 7, actAttempt: 7, hasOld: 'yes', oldEpoch: 6, oldAttempt: 6, att: 9 } as const
  return encodeMessage('reshare.status', { epoch, attempt, status: said, ...elsewhere })
}
const bent =
  (at: number): View =>
  async (obey) => {
    const answer = await obey()
    answer[at] = (answer[at] ?? 0) ^ 1
    return answer
  }

const COMMITTED: Readonly<Record<string, View>> = {
  honest: (obey) => obey(),
  'the message lost': async () => lost(),
  'the answer lost': async (obey) => {
    await obey()
    return lost()
  },
  'a forged word': bent(2 + 16 + 40),
  'the answer to another reshare': bent(2 + 7),
  'UNKNOWN of what is pending': async (_, asked) => status(asked, 'unknown'),
  'UNKNOWN of what was committed': async (obey, asked) => {
    await obey()
    return status(asked, 'unknown')
  },
  'a refusal of what was committed': async (obey, asked) => {
    await obey()
    return status(asked, 'refused')
  },
}
const FINISHED: Readonly<Record<string, View>> = {
  honest: (obey) => obey(),
  'the message lost': async () => lost(),
  'the answer lost': async (obey) => {
    await obey()
    return lost()
  },
  'the answer to another': bent(2 + 7),
}

let id = ''
let address = ''
/** A device that has stored its new share, and asked for its COMMIT; a node where it is pending. */
let device: DeviceStorage
let node: FakeNode
let pending: { readonly stored: Record<string, Uint8Array>; readonly restoreNode: () => void }

beforeAll(async () => {
  const born = await bornWallet()
  id = born.id
  ;({ node, storage: device } = await born.copy())
  const wallet = await openWith(node, device, id)
  node.fault = (name, answer) => (name === 'reshare.commit' ? lost() : answer())
  await expect(wallet.refresh()).rejects.toMatchObject({ code: 'network' })
  address = wallet.address()
  await wallet.close()
  const stored: Record<string, Uint8Array> = {}
  for (const key of await device.list('')) stored[key] = (await device.get(key)) ?? new Uint8Array(0)
  const { key, otSetup, epochs } = node
  if (epochs === undefined) throw new Error('no key')
  const { state } = epochs
  const keys = { ...epochs.keys }
  pending = {
    stored,
    restoreNode: () => {
      node.restart()
      node.key = key
      node.otSetup = otSetup
      epochs.state = state
      delete epochs.keys.old
      Object.assign(epochs.keys, keys)
      node.fault = (_, answer) => answer()
    },
  }
})

/** The device goes on with a node that says these things in turn, and then the truth. Who signed in the end. */
async function goesOn(commits: readonly View[], final: View): Promise<string> {
  pending.restoreNode()
  const storage = withIdentity(memoryStorage(), device)
  await storage.put(pending.stored)
  const views = [...commits]
  let finals = 0
  node.fault = (name, answer) => {
    const asked = node.passed.at(-1)?.body ?? new Uint8Array(0)
    if (name === 'reshare.commit') return (views.shift() ?? ((obey) => obey()))(answer, asked)
    return name === 'reshare.final' && finals++ === 0 ? final(answer, asked) : answer()
  }
  const live = await openLive({ walletId: id, storage, transport: node.transport, pool: { size: 0 } })
  // Opening goes on in the background with what is open; every further turn waits for the one before.
  for (let turn = 0; turn <= commits.length; turn++) {
    const heard = await resume(live).then(() => undefined, codeOf)
    expect(heard).not.toBe('bug')
  }
  await live.close()
  const wallet = await openWith(node, storage, id)
  const { serialized: signature } = await wallet.signMessage('afterwards')
  const signer = await recoverMessageAddress({ message: 'afterwards', signature })
  await wallet.close()
  return signer
}

const pairs = Object.keys(COMMITTED).flatMap((first) =>
  Object.keys(COMMITTED).map((second) => [first, second] as const),
)
const finals = Object.keys(FINISHED)

describe('the last messages of a refresh', () => {
  it.each(pairs)('COMMIT: %s, then %s', async (first, second) => {
    const chosen = EVERY ? finals : [finals[pairs.findIndex(([a, b]) => a === first && b === second) % 4]]
    for (const final of chosen) {
      const commits = [COMMITTED[first], COMMITTED[second]] as View[]
      expect(await goesOn(commits, FINISHED[final ?? ''] as View), `FINAL: ${final}`).toBe(address)
    }
  })

  it('a device that switches before it hears COMMITTED signs nothing afterwards (positive control)', async () => {
    const early = withIdentity(memoryStorage(), device)
    const {
      'pend-share': share,
      'pend-ot': ot,
      'pend-kit': kit,
    } = Object.fromEntries(
      Object.entries(pending.stored).map(([key, value]) => [key.slice(`wallet/${id}/`.length), value]),
    )
    const parts = { share, ot, kit } as Record<string, Uint8Array>
    await early.put(pending.stored)
    await early.put(
      Object.fromEntries(Object.entries(parts).map(([name, value]) => [`wallet/${id}/${name}`, value])),
    )
    await early.delete([`wallet/${id}/epochs`])
    pending.restoreNode()
    const wallet = await openWith(node, early, id)
    await expect(wallet.signMessage('too early')).rejects.toThrow()
    await wallet.close()
  })
})
