// Does a new device get a share from recovery party and node that signs, and nothing from anybody who is not honest?

import { Wallet } from '@tercet/client'
import { joinCode } from '@tercet/client/recovery'
import { memoryStorage } from '@tercet/client/storage/memory'
import { device } from '@tercet/protocol/epochs'
import { decodeKeyShare, type KeyShare } from '@tercet/protocol/key-share'
import { decodeMessage, encodeMessage } from '@tercet/protocol/messages'
import { openRecoveryShare } from '@tercet/protocol/recovery-share'
import { answerReplace, confirm, dealReplace } from '@tercet/protocol/reshare'
import { verifyKit } from '@tercet/recovery/kit-verification'
import { finishEarlier, type Recovery, replaceDevice } from '@tercet/recovery/recover'
import { encodeClaim } from '@tercet/wire/claim'
import type { ClaimStatus } from '@tercet/wire/claim-status'
import { Conversation } from '@tercet/wire/conversation'
import { type Identity, recoverySigner, signTagged } from '@tercet/wire/identity'
import { decodeJoinCode, encodeInvitation } from '@tercet/wire/join-code'
import { decodeKit, encodeKit, type Kit } from '@tercet/wire/kit'
import { decodeFrame } from '@tercet/wire/link'
import { describe, expect, it } from 'vitest'
import { fixtureWallet } from '../support/fixture.js'
import { type Meddle, memoryLinks } from '../support/memory-link.js'
import { seededRandom } from '../support/random.js'
import { storedWallet } from '../support/stored-wallet.js'

const NODE = 'https://node.example'
const sha256 = async (bytes: Uint8Array) =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(bytes)))

/** The node of the fixture's wallet, as far as a replace goes. */
function nodeOf(cosigner: Identity, newDevice: Uint8Array) {
  const { record, share } = fixtureWallet()
  const random = seededRandom('node')
  let answered: ReturnType<typeof answerReplace> | undefined
  let pending: KeyShare | undefined
  let active: KeyShare | undefined
  async function answer(name: string, body: Uint8Array): Promise<Uint8Array> {
    switch (name) {
      case 'reshare.start': {
        const newcomer = { party: 1, identity: newDevice } as const
        const pins = { share: share(2), record, initiator: 3, newcomer } as const
        answered = answerReplace(pins, decodeMessage('replace.req1', body), random)
        return answered.send
      }
      case 'reshare.deal': {
        if (answered === undefined) throw new Error('out of order')
        const dealt = dealReplace(answered.state, decodeMessage('replace.req2', body), random)
        pending = dealt.share
        const { keyId, transcript } = dealt.record
        const signature = await signTagged(cosigner, 'sig/tr', 'cosigner', keyId, transcript)
        return encodeMessage('replace.res2', { ...dealt.send, signature })
      }
      default: {
        if (pending === undefined) throw new Error('out of order')
        const message = decodeMessage('reshare.req3', body)
        confirm(pending, message)
        active = pending
        const { keyId, transcript, epoch, attempt } = pending
        return encodeMessage('reshare.res3', {
          epoch,
          attempt,
          active: await signTagged(cosigner, 'sig/active', keyId, transcript),
          addressSignature: await signTagged(cosigner, 'sig/node', keyId, NODE),
          nodeAddress: new TextEncoder().encode(NODE),
        })
      }
    }
  }
  const session = () => {
    const talk = {
      previous: new Uint8Array(32),
      async send(name: string, body: Uint8Array) {
        const given = await answer(name, body)
        talk.previous = await sha256(given)
        return given
      },
    }
    return talk
  }
  return { session, active: () => active }
}

interface Setting {
  readonly meddle?: Meddle
  /** What is different at the new device. */
  readonly invite?: (kit: Kit) => Partial<Parameters<typeof encodeInvitation>[0]>
  readonly address?: string
}

/** A recovery of the fixture's wallet onto a new device, all in this process. */
async function recover({ meddle, invite, address }: Setting = {}) {
  const wallet = await storedWallet()
  const { identities } = fixtureWallet()
  const cosigner: Identity = {
    publicIdentity: identities.cosigner.id,
    sign: async (m) => identities.cosigner.sign(m),
  }
  const kit = decodeKit(wallet.kit)
  const storage = memoryStorage()
  const newDevice = decodeJoinCode(await joinCode({ storage }))
  const identity = recoverySigner(wallet.kappa)
  const node = nodeOf(cosigner, newDevice)
  const links = memoryLinks(meddle)
  const claim = encodeClaim({
    version: 1,
    walletId: wallet.walletId,
    kind: 'device-lost',
    newDevice,
    newRecoveryKey: null,
    nonce: new Uint8Array(32).fill(1),
    createdAt: 1,
  })
  const stored: unknown[] = []
  const state = { claim, epochs: device.newcomer }
  const status = { act: { epoch: 0, attempt: 0 }, att: 0 } as ClaimStatus
  const conversation = new Conversation({
    link: links.recovery,
    identity,
    peer: newDevice,
    timeoutMilliseconds: 60_000,
  })
  const share = openRecoveryShare(kit.record, wallet.kappa)
  const recovered = replaceDevice({ client: node, state, store: (next) => stored.push(next) }, status, {
    kit,
    kitBytes: wallet.kit,
    share,
    identity,
    newDevice,
    conversation,
    random: seededRandom('V'),
    report: () => {},
  }).catch(async (error: unknown) => {
    await conversation.stop('fault')
    throw error
  })
  recovered.catch(() => undefined)
  const { keyId, publicKey, sidInputs } = kit.record
  const { recoveryKey, idC } = sidInputs
  const invitation = encodeInvitation({
    keyId,
    publicKey,
    recoveryKey,
    nextRecoveryKey: recoveryKey,
    cosigner: idC,
    from: identity.publicIdentity,
    ...invite?.(kit),
  })
  const joined = Wallet.join({
    storage,
    invitation,
    link: links.device,
    random: seededRandom('new device'),
    linkTimeoutMilliseconds: 60_000,
    // The node is not there for the first signature: what was stored is what counts here.
    transport: () => Promise.reject(new Error('no network')),
    ...(address === undefined ? {} : { address }),
  })
  joined.catch(() => undefined)
  const commit = recovered.then(({ answer }) => conversation.send('committed', answer ?? new Uint8Array(0)))
  commit.catch(() => undefined)
  return { wallet, storage, node, recovered, joined, links, stored, kit }
}

describe('a recovery onto a new device', () => {
  it('leaves both with shares that belong together, a kit that verifies, and the same address', async () => {
    const { wallet, storage, node, recovered, joined, kit } = await recover()
    const { kit: fresh } = await recovered
    await expect(joined).rejects.toMatchObject({ code: 'network' })
    const bytes = await storage.get(`wallet/${wallet.walletId}/share`)
    const share = decodeKeyShare(bytes ?? new Uint8Array(0))
    const theirs = node.active()
    expect(share.epoch).toBe(1)
    expect(theirs?.transcript).toEqual(share.transcript)
    expect(share.publicKey.equals(fixtureWallet().share(1).publicKey)).toBe(true)
    expect(share.publicShares[0].equals(fixtureWallet().share(1).publicShares[0])).toBe(false)
    const stored = decodeKit((await storage.get(`wallet/${wallet.walletId}/kit`)) ?? new Uint8Array(0))
    expect(stored).toEqual(fresh)
    expect((await verifyKit(encodeKit(stored))).epoch).toBe(1)
    expect(stored.record.publicKey).toEqual(kit.record.publicKey)
    // The recovery key opens the new share as well.
    expect(openRecoveryShare(stored.record, wallet.kappa).publicShares[2].equals(share.publicShares[2])).toBe(
      true,
    )
    expect(await Wallet.list(storage)).toEqual([{ id: wallet.walletId, state: 'unfinished', node: NODE }])
  })

  it('is not joined by a device whose user knows another address', async () => {
    const { joined, recovered, storage } = await recover({ address: `0x${'00'.repeat(20)}` })
    await expect(joined).rejects.toMatchObject({ code: 'mismatch' })
    await expect(recovered).rejects.toMatchObject({ reason: 'aborted' })
    expect(await storage.list('wallet/')).toEqual([])
  })

  it.each([
    ['another cosigner', (kit: Kit) => ({ cosigner: kit.record.sidInputs.idD })],
    ['another public key', (kit: Kit) => ({ publicKey: kit.record.sidInputs.recoveryKey })],
    ['another recovery key to come', (kit: Kit) => ({ nextRecoveryKey: kit.record.publicKey })],
  ])('is not joined under an invitation with %s', async (_, invite) => {
    const { joined, storage } = await recover({ invite })
    await expect(joined).rejects.toMatchObject({ code: expect.stringMatching(/mismatch|peer-fault/) })
    expect(await storage.list('wallet/')).toEqual([])
  })

  it('goes on with the next attempt in the same run where an earlier commit came to nothing', async () => {
    const above = { epoch: 0, attempt: 0 }
    const begun = device.prepare(device.newcomer, { above })
    if (begun === null) throw new Error('nothing is under way')
    const { id } = begun
    const transcript = 'A'.repeat(43)
    const { state: pending } = device.prepared(begun.state, { id, transcript, role: 'hand-over' })
    const { state: epochs } = device.commitSent(pending)
    const act = { actEpoch: 0, actAttempt: 0, hasOld: 'no', oldEpoch: 0, oldAttempt: 0, att: 1 } as const
    const answer = encodeMessage('reshare.status', { ...id, status: 'unknown', ...act })
    const nothing = new Uint8Array(32)
    const { kit } = await storedWallet()
    const commit = { sessionId: nothing, previous: nothing, body: nothing, kit }
    const stored: Recovery['state'][] = []
    const earlier = await finishEarlier({
      client: { session: () => ({ previous: nothing, send: async () => answer }) },
      state: { claim: nothing, epochs, commit },
      store: (next) => stored.push(next),
    })
    if (!('recovery' in earlier)) throw new Error('nothing was recovered')
    expect(stored).toEqual([earlier.recovery.state])
    expect(device.prepare(epochs, { above })).toBeNull()
    expect(device.prepare(earlier.recovery.state.epochs, { above })?.id).toEqual({ epoch: 1, attempt: 2 })
  })

  it('keeps the share when the answer never comes', async () => {
    const meddle: Meddle = (_, frame) => (decodeFrame(frame).type === 'committed' ? [] : [frame])
    const { wallet, recovered, storage, links } = await recover({ meddle })
    await recovered
    const epochs = await storage.get(`wallet/${wallet.walletId}/epochs`)
    expect(new TextDecoder().decode(epochs)).toContain('"role":"newcomer"')
    expect(links.sent.map(({ frame }) => decodeFrame(frame).type)).toContain('ack')
    expect(await Wallet.list(storage)).toEqual([])
  })
})
