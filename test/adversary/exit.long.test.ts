// Do device and recovery machine sign what a person has confirmed, and nothing else, whatever happens on the link?

import { evmAddress } from '@tercet/chains/evm'
import { interpret } from '@tercet/chains/interpret'
import type { RequestDraft } from '@tercet/client'
import { Exit, type ExitOptions } from '@tercet/client/recovery'
import { derive, parsePath } from '@tercet/protocol/derivation'
import { Secret } from '@tercet/protocol/internal/secret'
import type { KeyShare } from '@tercet/protocol/key-share'
import { decodeMessage, encodeMessage } from '@tercet/protocol/messages'
import * as ot from '@tercet/protocol/ot-setup'
import * as presign from '@tercet/protocol/presign'
import { openRecoveryShare } from '@tercet/protocol/recovery-share'
import * as sign from '@tercet/protocol/sign'
import { type ExitOptions as ServeOptions, serveExit } from '@tercet/recovery/exit'
import { toBase64url } from '@tercet/wire/base64url'
import { Conversation } from '@tercet/wire/conversation'
import { encodeExitRequest } from '@tercet/wire/exit'
import { recoverySigner } from '@tercet/wire/identity'
import { decodeKit } from '@tercet/wire/kit'
import { decodeFrame } from '@tercet/wire/link'
import { decodeRequest, encodeRequest } from '@tercet/wire/request'
import { hashMessage, keccak256, recoverMessageAddress, stringToBytes, toHex } from 'viem'
import { beforeAll, describe, expect, it } from 'vitest'
import { fixtureWallet } from '../support/fixture.js'
import { type LinkPair, type Meddle, memoryLinks } from '../support/memory-link.js'
import { seededRandom } from '../support/random.js'
import { firstGeneration, reshare, shareOf, USES, type Use } from '../support/reshare.js'
import { type StoredWallet, storedWallet } from '../support/stored-wallet.js'
import { DEEP } from '../support/suite.js'

/** Steps 3 to 8 come after the OT setup, which takes its time. */
const changedSteps = DEEP ? [1, 2, 3, 4, 5, 6, 7, 8] : [1, 2]

const text = (value: string) => new TextEncoder().encode(value)
const message = (value: string): RequestDraft => ({
  kind: 'evm-message',
  chain: 'eip155:1',
  payload: toBase64url(text(value)),
})

let wallet: StoredWallet
let share: KeyShare
beforeAll(async () => {
  wallet = await storedWallet()
  share = openRecoveryShare(decodeKit(wallet.kit).record, wallet.kappa)
})

interface Setting {
  readonly meddle?: Meddle
  readonly serve?: Partial<ServeOptions>
  readonly device?: Partial<ExitOptions>
  readonly timeoutMilliseconds?: number
}

/** The recovery machine's side: `done`, or what it ended with. */
function serve(
  given: Pick<ServeOptions, 'conversation' | 'confirm'> & Partial<ServeOptions>,
): Promise<unknown> {
  return serveExit({
    share,
    device: wallet.device.publicIdentity,
    recovery: recoverySigner(wallet.kappa).publicIdentity,
    random: seededRandom('recovery machine'),
    rawDigest: false,
    now: () => Math.floor(Date.now() / 1000),
    onSigned: () => undefined,
    ...given,
  }).then(
    () => 'done',
    (error: unknown) => error,
  )
}

/** Both sides over a link in memory. `ended` is how the recovery machine's side ended. */
async function meet({ meddle, serve: given, device, timeoutMilliseconds = 60_000 }: Setting = {}) {
  const links: LinkPair = memoryLinks(meddle)
  const identity = recoverySigner(wallet.kappa)
  const shown: string[][] = []
  const peer = wallet.device.publicIdentity
  const ended = serve({
    conversation: new Conversation({ link: links.recovery, identity, peer, timeoutMilliseconds }),
    confirm: async ({ summary }) => {
      shown.push(summary.map(({ label, value }) => `${label}: ${value}`))
      return true
    },
    ...given,
  })
  const { storage, walletId } = wallet
  const random = seededRandom('device')
  const exit = await Exit.open({
    storage,
    walletId,
    link: links.device,
    random,
    timeoutMilliseconds,
    ...device,
  })
  return { exit, ended, shown, links }
}

describe('a device and its recovery machine', () => {
  it('sign several requests of one session, each shown before, and end when the device is done', async () => {
    const { exit, ended, shown, links } = await meet()
    for (const [value, path] of [
      ['first', 'm/0/0'],
      ['second', 'm'],
      ['third', 'm/44/60/0/0/7'],
    ] as const) {
      const signed = await exit.signMessage(value, { path })
      const address = await recoverMessageAddress({ message: value, signature: signed.serialized })
      expect(address).toBe(signed.address)
      expect(toHex(signed.digest)).toBe(hashMessage(value))
      expect(shown.at(-1)).toEqual(signed.summary.map((line) => `${line.label}: ${line.value}`))
    }
    await exit.close()
    expect(await ended).toBe('done')
    expect(shown).toHaveLength(3)
    // Four round trips with the setup, two for every other signature, and the farewell.
    expect(links.sent).toHaveLength(8 + 4 + 4 + 1)
  })

  it('sign at a later epoch, after a refresh and a change of operator', async () => {
    const random = seededRandom('later epochs')
    const use = (name: string) => USES.find((known) => known.name === name) as Use
    const refreshed = reshare(use('refresh'), firstGeneration(), random)
    const later = reshare(use('operator changed'), refreshed, random)
    const { storage, walletId } = await storedWallet(later)
    const { exit } = await meet({ device: { storage, walletId }, serve: { share: shareOf(later, 3) } })
    const signed = await exit.signMessage('later')
    expect(await recoverMessageAddress({ message: 'later', signature: signed.serialized })).toBe(
      signed.address,
    )
    expect(signed.address).toBe(evmAddress(derive(fixtureWallet().share(1), parsePath('m/0/0')).publicKey))
  })

  it('sign although every frame arrives twice and old ones come again', async () => {
    const before: Uint8Array[] = []
    const meddle: Meddle = (_, frame) => {
      const again = [...before]
      before.push(frame)
      return [...again, frame, frame]
    }
    const { exit } = await meet({ meddle })
    const signed = await exit.signMessage('twice')
    expect(await recoverMessageAddress({ message: 'twice', signature: signed.serialized })).toBe(
      signed.address,
    )
  })

  it(`sign nothing when one frame was changed on its way (${changedSteps})`, async () => {
    for (const step of changedSteps) {
      const flip = (frame: Uint8Array) => frame.map((byte, i) => (i === frame.length >> 1 ? byte ^ 1 : byte))
      const meddle: Meddle = (_, frame) => [decodeFrame(frame).step === step ? flip(frame) : frame]
      const controller = new AbortController()
      const { exit, ended, links } = await meet({
        meddle,
        device: { signal: controller.signal },
        timeoutMilliseconds: step < 3 ? 1500 : 20_000,
      })
      const signing = exit.sign(message('x'))
      void until(() => links.sent.length >= step).then(() => setTimeout(() => controller.abort(), 300))
      await expect(signing, `frame ${step}`).rejects.toMatchObject({ code: 'aborted' })
      expect(await ended, `frame ${step}`).toMatchObject({ name: 'LinkError' })
      expect(links.sent.filter(({ frame }) => decodeFrame(frame).type !== 'stopped')).toHaveLength(step)
    }
  })
})

describe('the recovery machine signs nothing', () => {
  const refusals: [string, Setting, RequestDraft, string, string][] = [
    [
      'that the person refuses',
      { serve: { confirm: async () => false } },
      message('no'),
      'denied',
      'refused',
    ],
    ['that has expired', {}, { ...message('late'), expiresAt: 1 }, 'expired', 'expired'],
    [
      'that shows nothing of what it is',
      {},
      { kind: 'raw-digest', chain: 'none', payload: toBase64url(new Uint8Array(32).fill(3)) },
      'denied',
      'raw-digest',
    ],
  ]
  it.each(refusals)('%s', async (_, setting, draft, code, reason) => {
    const { exit, ended, links } = await meet(setting)
    await expect(exit.sign(draft)).rejects.toMatchObject({ code, incident: reason })
    expect(await ended).toMatchObject({ reason })
    expect(links.sent.filter(({ by }) => by === 'recovery')).toHaveLength(1)
    await expect(exit.sign(draft)).rejects.toMatchObject({ code: 'closed' })
  })

  it('that expired while the person was reading', async () => {
    let now = Date.now() / 1000
    const confirm = async () => {
      now += 3601
      return true
    }
    const { exit } = await meet({ serve: { now: () => Math.floor(now), confirm } })
    await expect(exit.sign(message('slow'))).rejects.toMatchObject({ code: 'expired' })
  })

  it('of another epoch or another wallet', async () => {
    const later = await meet({ serve: { share: { ...share, epoch: share.epoch + 1 } } })
    await expect(later.exit.sign(message('a'))).rejects.toMatchObject({
      code: 'mismatch',
      incident: 'other-epoch',
    })
    const other = await meet({ serve: { share: { ...share, keyId: new Uint8Array(32) } } })
    await expect(other.exit.sign(message('a'))).rejects.toMatchObject({
      code: 'mismatch',
      incident: 'other-wallet',
    })
  })

  it('with a device that has handed its wallet over', async () => {
    const { storage, walletId } = await storedWallet()
    await storage.put({ [`wallet/${walletId}/share`]: new Uint8Array(0) })
    await expect(meet({ device: { storage, walletId } })).rejects.toMatchObject({ code: 'replaced' })
  })

  it('for another device, whose frames it drops', async () => {
    const stranger = recoverySigner(7n)
    const { exit } = await meet({
      device: { storage: { ...wallet.storage, identity: async () => stranger } },
      timeoutMilliseconds: 500,
    })
    await expect(exit.sign(message('a'))).rejects.toMatchObject({ code: 'timeout' })
  })

  it('but a bare digest where it was told to', async () => {
    const { exit } = await meet({ serve: { rawDigest: true } })
    const digest = keccak256(stringToBytes('x'), 'bytes')
    const signed = await exit.sign({ kind: 'raw-digest', chain: 'none', payload: toBase64url(digest) })
    expect(signed.digest).toEqual(digest)
  })
})

describe('a dishonest device', () => {
  /** A device of its own making, up to its OT setup, for which a harmless request was confirmed. */
  async function hostile(confirm: (shown: string) => boolean) {
    const links = memoryLinks()
    const identity = recoverySigner(wallet.kappa)
    const link = links.recovery
    const peer = wallet.device.publicIdentity
    const ended = serve({
      conversation: new Conversation({ link, identity, peer, timeoutMilliseconds: 60_000 }),
      confirm: async ({ summary }) => confirm(summary.map(({ value }) => value).join(' ')),
    })
    const talk = new Conversation({
      link: links.device,
      identity: wallet.device,
      peer: identity.publicIdentity,
      session: new Uint8Array(16).fill(1),
      timeoutMilliseconds: 60_000,
    })
    const own = fixtureWallet().share(1)
    const random = seededRandom('hostile device')
    const first = ot.start(own, { initiator: 1, responder: 3 }, 'pair', random)
    const { keyId, epoch, attempt, transcript } = own
    const begin = { keyId, epoch, attempt, transcript, request: request('harmless'), message: first.send }
    const res1 = decodeMessage('ot.res1', await talk.ask('request', encodeExitRequest(begin), 'ot.res1'))
    const second = ot.open(first.state, res1, random)
    const res2 = decodeMessage('ot.res2', await talk.ask('ot.req2', second.send, 'ot.res2'))
    const { otSetup } = ot.finish(second.state, res2)
    const context = { share: own, otSetup, idInitiator: peer, idResponder: identity.publicIdentity }
    return { talk, ended, context, random }
  }

  it('that asks for another request than was confirmed has it shown and confirmed first', async () => {
    const asked: string[] = []
    const { talk, ended, context, random } = await hostile((shown) => asked.push(shown) === 1)
    const { send } = presign.startFresh(context, request('harmful'), random)
    await expect(talk.ask('fresh.req1', send, 'fresh.res1')).rejects.toMatchObject({ reason: 'refused' })
    expect(asked.map((shown) => /harm\w+/.exec(shown)?.[0])).toEqual(['harmless', 'harmful'])
    expect(await ended).toMatchObject({ reason: 'refused' })
  })

  it('that changes the request in its last message gets nothing', async () => {
    const { talk, ended, context, random } = await hostile(() => true)
    const first = presign.startFresh(context, request('harmless'), random)
    const res1 = decodeMessage('fresh.res1', await talk.ask('fresh.req1', first.send, 'fresh.res1'))
    const input = { ...inputFor('harmless') }
    const { send } = sign.finishFresh(first.state, res1, input, random)
    const { bytes: _, ...fields } = decodeMessage('fresh.req2', send, 1)
    const changed = encodeMessage('fresh.req2', { ...fields, request: request('harmful') })
    await expect(talk.ask('fresh.req2', changed, 'fresh.res2')).rejects.toMatchObject({ reason: 'fault' })
    expect(await ended).toMatchObject({ reason: 'request-changed' })
  })

  it('that is honest in the same way gets its signature', async () => {
    const { talk, context, random } = await hostile(() => true)
    const first = presign.startFresh(context, request('harmless'), random)
    const res1 = decodeMessage('fresh.res1', await talk.ask('fresh.req1', first.send, 'fresh.res1'))
    const { state, send } = sign.finishFresh(first.state, res1, inputFor('harmless'), random)
    const { r, s } = sign.combine(state, await talk.ask('fresh.req2', send, 'fresh.res2'))
    expect(r > 0n && s > 0n).toBe(true)
  })
})

describe('a dishonest recovery machine', () => {
  it('with another share is caught before it learns anything of use', async () => {
    const { secretShare: _, ...rest } = share
    const { exit } = await meet({ serve: { share: { ...rest, secretShare: new Secret('SecretShare', 5n) } } })
    await expect(exit.sign(message('a'))).rejects.toMatchObject({ code: 'peer-fault', incident: 'gamma' })
  })

  it('that cuts the session off is named, and the next session works', async () => {
    const meddle: Meddle = (_, frame) => (decodeFrame(frame).type === 'fresh.res2' ? [] : [frame])
    const controller = new AbortController()
    const { exit, links } = await meet({ meddle, device: { signal: controller.signal } })
    const signing = exit.sign(message('a'))
    void until(() => links.sent.some(({ frame }) => decodeFrame(frame).type === 'fresh.res2')).then(() =>
      controller.abort(),
    )
    await expect(signing).rejects.toMatchObject({ code: 'aborted' })
    await expect(exit.sign(message('a'))).rejects.toMatchObject({ code: 'closed' })
    expect((await (await meet()).exit.sign(message('a'))).mode).toBe('fresh')
  })
})

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20))
}

function request(value: string): Uint8Array {
  return encodeRequest({
    id: 'one',
    walletId: wallet.walletId,
    path: 'm',
    chain: 'eip155:1',
    kind: 'evm-message',
    payload: toBase64url(text(value)),
    expiresAt: String(Math.floor(Date.now() / 86_400_000) * 86_400 + 172_800),
  })
}

function inputFor(value: string) {
  const bytes = request(value)
  const { digest, tweak } = interpret(decodeRequest(bytes), share)
  return { digest, tweak, request: bytes }
}
