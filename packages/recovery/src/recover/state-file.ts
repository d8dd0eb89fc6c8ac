// What does a recovery remember between its runs? Its claim, the attempts that it used, and a commit that may be under way. (SPEC 5.2)

import { closeSync, existsSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'
import { type DeviceEpochs, device, type ShareId } from '@tercet/protocol/epochs'
import { Malformed } from '@tercet/protocol/errors'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { canonicalize, type Json, type JsonObject, parseCanonical } from '@tercet/wire/canonical-json'
import { Refused } from '../exit.js'
import { readInput, syncFolderOf } from '../files.js'

/** COMMIT, repeated byte for byte until it is answered, and what belongs to the session that it is sent in. */
export interface KeptCommit {
  readonly sessionId: Uint8Array
  /** SHA-256 of the answer before it. */
  readonly previous: Uint8Array
  readonly body: Uint8Array
  /** The kit of the new epoch, but for the node's address. */
  readonly kit: Uint8Array
}

/** No secret is in it. */
export interface RecoveryState {
  /** Canonical bytes of the claim; empty where none is needed. */
  readonly claim: Uint8Array
  readonly epochs: DeviceEpochs
  readonly commit?: KeptCommit
  /** The kit of the new epoch, once it is committed. */
  readonly done?: Uint8Array
}

const KIND = 'tercet-recovery-state'
const MAX_BYTES = 262_144

/** A recovery that has only just been thought of. */
export function firstState(claim: Uint8Array): RecoveryState {
  return { claim, epochs: device.newcomer }
}

/** The state of an earlier run; undefined where there was none. @throws Refused `file` */
export function readState(path: string): RecoveryState | undefined {
  if (!existsSync(path)) return undefined
  try {
    return decode(readInput(path))
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    throw new Refused('file', `${path} is not the state of a recovery, or damaged`, { reason: 'damaged' })
  }
}

/** Writes the state; it is on the disk when this returns, the old one or the new one and nothing between. */
export function writeState(path: string, state: RecoveryState): void {
  const bytes = encode(state)
  const temporary = `${path}.part`
  try {
    const file = openSync(temporary, 'w', 0o600)
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
    syncFolderOf(path)
  } catch {
    throw new Refused('file', `cannot write ${path}`)
  }
}

function encode({ claim, epochs, commit, done }: RecoveryState): Uint8Array {
  const { pend, commitSent, att, asked } = epochs
  const b = toBase64url
  return canonicalize({
    version: 1,
    kind: KIND,
    claim: b(claim),
    pend: pend && { id: idDocument(pend.id), transcript: pend.transcript },
    commitSent,
    att,
    asked: asked && idDocument(asked),
    commit: commit
      ? {
          sessionId: b(commit.sessionId),
          previous: b(commit.previous),
          body: b(commit.body),
          kit: b(commit.kit),
        }
      : null,
    done: done ? b(done) : null,
  })
}

/** @throws Malformed */
function decode(bytes: Uint8Array): RecoveryState {
  const document = object(parseCanonical(bytes, 'state', MAX_BYTES))
  if (document['version'] !== 1 || document['kind'] !== KIND) throw new Malformed('state.kind')
  const { pend, commitSent, asked, commit, done } = document
  if (typeof commitSent !== 'boolean') throw new Malformed('state.commitSent')
  return {
    claim: bytesIn(document, 'claim'),
    epochs: {
      ...device.newcomer,
      pend: pend === null ? null : pendIn(object(pend)),
      commitSent,
      att: number(document['att']),
      asked: asked === null ? null : idIn(object(asked)),
    },
    ...(commit === null ? {} : { commit: commitIn(object(commit)) }),
    ...(done === null ? {} : { done: bytesIn(document, 'done') }),
  }
}

function pendIn(document: JsonObject): NonNullable<DeviceEpochs['pend']> {
  const transcript = toBase64url(bytesIn(document, 'transcript', 32))
  return { id: idIn(object(document['id'])), transcript, role: 'hand-over' }
}

function commitIn(document: JsonObject): KeptCommit {
  return {
    sessionId: bytesIn(document, 'sessionId', 32),
    previous: bytesIn(document, 'previous', 32),
    body: bytesIn(document, 'body'),
    kit: bytesIn(document, 'kit'),
  }
}

function idDocument({ epoch, attempt }: ShareId): JsonObject {
  return { epoch, attempt }
}

function idIn({ epoch, attempt }: JsonObject): ShareId {
  return { epoch: number(epoch), attempt: number(attempt) }
}

function object(value: Json | undefined): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Malformed('state')
  return value as JsonObject
}

function number(value: Json | undefined): number {
  if (typeof value !== 'number' || value < 0) throw new Malformed('state')
  return value
}

function bytesIn(document: JsonObject, name: string, length?: number): Uint8Array {
  const value = document[name]
  if (typeof value !== 'string') throw new Malformed(`state.${name}`)
  return fromBase64url(value, `state.${name}`, length)
}
