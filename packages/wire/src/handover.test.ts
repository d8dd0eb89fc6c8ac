// Do an offer and a cosigner's last answer hold for what they were signed for, and for nothing else?
import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { generateIdentity, signTagged } from './identity.js'
import type { Kit } from './kit.js'
import { signOffer, verifyOffer } from './offer.js'
import { servedKit } from './served.js'

const bytes = (length: number) => new Uint8Array(randomBytes(length))

it('an offer holds for its newcomer, key, base, id and party alone', async () => {
  const [newcomer, other] = [await generateIdentity(), await generateIdentity()]
  const terms = {
    keyId: bytes(32),
    transcriptBase: bytes(32),
    sealKey: bytes(32),
    epoch: 3,
    attempt: 4,
    party: 1,
  } as const
  const signature = await signOffer(newcomer, terms)
  expect(await verifyOffer(newcomer.publicIdentity, terms, signature)).toBe(true)
  expect(await verifyOffer(other.publicIdentity, terms, signature)).toBe(false)
  for (const change of [
    { keyId: bytes(32) },
    { transcriptBase: bytes(32) },
    { sealKey: bytes(32) },
    { epoch: 4 },
    { attempt: 3 },
    { party: 2 as const },
  ])
    expect(await verifyOffer(newcomer.publicIdentity, { ...terms, ...change }, signature)).toBe(false)
})

it('a kit is served by its own cosigner, for its own transcript and address', async () => {
  const [cosigner, other] = [await generateIdentity(), await generateIdentity()]
  const [keyId, transcript] = [bytes(32), bytes(32)]
  const nodeAddress = new TextEncoder().encode('https://node.example')
  // Only what is looked at.
  const kit = { record: { keyId, transcript, sidInputs: { idC: cosigner.publicIdentity } } } as unknown as Kit
  const message = {
    active: await signTagged(cosigner, 'sig/active', keyId, transcript),
    addressSignature: await signTagged(cosigner, 'sig/node', keyId, nodeAddress),
    nodeAddress,
  }
  expect((await servedKit(kit, message))?.node).toEqual({
    address: 'https://node.example',
    signature: message.addressSignature,
  })
  for (const change of [
    { active: await signTagged(cosigner, 'sig/active', keyId, bytes(32)) },
    { active: await signTagged(other, 'sig/active', keyId, transcript) },
    { addressSignature: await signTagged(other, 'sig/node', keyId, nodeAddress) },
    { nodeAddress: new TextEncoder().encode('https://elsewhere.example') },
  ])
    expect(await servedKit(kit, { ...message, ...change })).toBeUndefined()
})
