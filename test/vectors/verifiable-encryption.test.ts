// Does the verifiable encryption still produce and accept the bytes that were recorded? (SPEC 1.5, 11)

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mulBase } from '@tercet/protocol/curve'
import {
  encryptVerifiably,
  openEncryption,
  pveLabel,
  verifyEncryption,
} from '@tercet/protocol/internal/verifiable-encryption'
import { expect, it } from 'vitest'
import { seededRandom } from '../support/random.js'

interface Vector {
  readonly seed: string
  readonly sid: string
  readonly label: string
  readonly kappa: string
  readonly x: string
  readonly b: string
  readonly rowsSha256: string
}

const vector = JSON.parse(
  readFileSync(new URL('./verifiable-encryption.json', import.meta.url), 'utf8'),
) as Vector

it('reproduces the recorded proof', () => {
  const label = pveLabel(Buffer.from(vector.sid, 'hex'), 1, 3, 0, 0)
  const kappa = BigInt(`0x${vector.kappa}`)
  const x = BigInt(`0x${vector.x}`)
  const proof = encryptVerifiably(label, mulBase(kappa), x, seededRandom(vector.seed))
  expect(Buffer.from(label).toString('hex')).toBe(vector.label)
  expect(Buffer.from(proof.subarray(0, 16)).toString('hex')).toBe(vector.b)
  expect(createHash('sha256').update(proof.subarray(16)).digest('hex')).toBe(vector.rowsSha256)
  expect(verifyEncryption(label, mulBase(kappa), mulBase(x), proof)).toBe(true)
  expect(openEncryption(label, kappa, mulBase(x), proof)).toBe(x)
})
