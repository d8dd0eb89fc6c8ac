import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '@noble/hashes/sha2.js'
import { joining } from '@tercet/protocol/epochs'
import { toBase64url } from '@tercet/wire/base64url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTagger } from '../seal.js'
import { createDatabase, openStore, type Store } from '../store/open.js'
import { expireJoins, forgetJoin, type JoinState, readJoin, writeJoin } from './joining.js'

const DAY = 86_400
const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
const tagger = createTagger(random(32))
const keyId = random(32)
const handed = { sealed: random(200), kit: random(300) }
let store: Store
let tampered: Uint8Array[]

beforeEach(() => {
  const path = join(mkdtempSync(join(tmpdir(), 'tercet-joining-')), 'node.sqlite')
  createDatabase(path)
  store = openStore(path, tagger, (error) => {
    throw error
  })
  tampered = []
  store.states.onTampered = (key) => tampered.push(key)
})
afterEach(() => store.close())

function stateOf(attempt: number, since = 1000): JoinState {
  const about = { base: { epoch: 0, attempt: 0 }, id: { epoch: 1, attempt }, from: 'D', transcript: 'Tr' }
  const epochs = joining.receive(joining.first, about)
  if (epochs === null) throw new Error('not received')
  return { epochs, holder: 'D', recovery: 'V', since, kit: toBase64url(sha256(handed.kit)) }
}

const hand = (state: JoinState) =>
  store.write((tx) => writeJoin(store, tx, keyId, state, { event: 'handed-over', time: 1000 }, handed))
const read = (now = 1000) => store.read((db) => readJoin(store, db, keyId, now))

test('a hand-over comes back, and the next one takes its place', async () => {
  expect(await read()).toBeUndefined()
  await hand(stateOf(1))
  const known = await read()
  expect(known).toMatchObject({ ...stateOf(1), isExpired: false })
  expect(Buffer.compare(known?.handed?.sealed ?? random(1), handed.sealed)).toBe(0)
  expect(Buffer.compare(known?.handed?.kit ?? random(1), handed.kit)).toBe(0)
  await hand(stateOf(2))
  expect((await read())?.epochs.pend?.id.attempt).toBe(2)
  await store.write((tx) => forgetJoin(tx, keyId))
  expect(await read()).toBeUndefined()
})

test('waits for a week; what was seen stays seen', async () => {
  await hand(stateOf(1))
  expect((await read(1000 + 7 * DAY))?.isExpired).toBe(false)
  const expired = await read(1001 + 7 * DAY)
  expect(expired).toMatchObject({ isExpired: true, handed: undefined })
  expect(expired?.epochs).toEqual({ pend: null, seen: { epoch: 1, attempt: 1 } })
  if (expired === undefined) return
  // Written before anybody is told NEVER: a clock that is set back revives nothing.
  await store.write((tx) => writeJoin(store, tx, keyId, expired, { event: 'abandoned', time: 1 }))
  expect((await read(1000))?.epochs.pend).toBeNull()
  const rows = await store.read((db) => db.selectFrom('joining').select(['sealed', 'kit']).execute())
  expect(rows).toEqual([{ sealed: null, kit: null }])
})

test('a database that was put back revives nothing that was handed over; what was seen stays seen', async () => {
  await hand(stateOf(1))
  await store.write((tx) => expireJoins(store, tx, 1001))
  expect(await read()).toMatchObject({
    handed: undefined,
    epochs: { pend: null, seen: { epoch: 1, attempt: 1 } },
  })
  const rows = await store.read((db) => db.selectFrom('joining').select(['sealed', 'kit']).execute())
  expect(rows).toEqual([{ sealed: null, kit: null }])
})

test.each([
  ['a state', { state: new TextEncoder().encode('{"epochs":{"pend":null,"seen":null},"since":2}') }],
  ['another tag', { tag: random(32) }],
  ['another kit', { kit: random(300) }],
])('%s that this node did not write is refused', async (_, changed) => {
  await hand(stateOf(1))
  await store.write((tx) => tx.updateTable('joining').set(changed).execute())
  await expect(read()).rejects.toMatchObject({ code: 'storage' })
  expect(tampered).toEqual([keyId])
})

test('an older row that is put back is refused', async () => {
  await hand(stateOf(1))
  const [row] = await store.read((db) => db.selectFrom('joining').selectAll().execute())
  await hand(stateOf(2))
  await store.write((tx) =>
    tx
      .updateTable('joining')
      .set(row ?? {})
      .execute(),
  )
  await expect(read()).rejects.toMatchObject({ code: 'storage' })
})
