import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toBase64url } from '@tercet/wire/base64url'
import { beforeEach, expect, test } from 'vitest'
import { StartRefused } from '../refusal.js'
import { createTagger } from '../seal.js'
import { createSuccessors, setSuccessor } from './successors.js'

const tagger = createTagger(new Uint8Array(32).fill(1))
const identity = (n: number) => Uint8Array.of(1, 2, ...new Uint8Array(32).fill(n))
const keyId = new Uint8Array(32).fill(7)
const wallet = toBase64url(keyId)
let path: string

beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'tercet-successors-')), 'successors.json')
})

function names(key: Uint8Array, n: number): boolean {
  const successors = createSuccessors(path, tagger)
  successors.reload()
  return successors.isSuccessor(key, identity(n))
}

test('nobody is named at first; a wallet of its own comes before every wallet', () => {
  expect(names(keyId, 1)).toBe(false)
  setSuccessor(path, tagger, undefined, identity(1))
  expect([names(keyId, 1), names(new Uint8Array(32), 1), names(keyId, 2)]).toEqual([true, true, false])
  setSuccessor(path, tagger, wallet, identity(2))
  expect([names(keyId, 1), names(keyId, 2), names(new Uint8Array(32), 1)]).toEqual([false, true, true])
  setSuccessor(path, tagger, wallet, undefined)
  expect(names(keyId, 1)).toBe(true)
  setSuccessor(path, tagger, undefined, undefined)
  expect(names(keyId, 1)).toBe(false)
  expect(statSync(path).mode & 0o077).toBe(0)
})

test('a file that was written without the wrapping key names nobody', () => {
  setSuccessor(path, tagger, undefined, identity(1))
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.replace(toBase64url(identity(1)), toBase64url(identity(2))))
  const successors = createSuccessors(path, tagger)
  expect(() => successors.reload()).toThrow(StartRefused)
  expect(successors.isSuccessor(keyId, identity(2))).toBe(false)
  expect(() => setSuccessor(path, tagger, undefined, identity(3))).toThrow(StartRefused)
  writeFileSync(path, text)
  expect(() => createSuccessors(path, createTagger(new Uint8Array(32))).reload()).toThrow(StartRefused)
  // What was named is forgotten when the file goes bad under a running node.
  successors.reload()
  expect(successors.isSuccessor(keyId, identity(1))).toBe(true)
  writeFileSync(path, 'x')
  expect(() => successors.reload()).toThrow(StartRefused)
  expect(successors.isSuccessor(keyId, identity(1))).toBe(false)
})
