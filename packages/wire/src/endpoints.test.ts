import { MESSAGES, messageLength } from '@tercet/protocol/messages'
import { describe, expect, test } from 'vitest'
import {
  bodyCap,
  ENDPOINTS,
  type Endpoint,
  type EndpointName,
  endpointPath,
  isBodyLength,
  requestsOf,
  responseCap,
  responsesOf,
} from './endpoints.js'

const all = Object.entries(ENDPOINTS) as [EndpointName, Endpoint][]

describe('endpoints', () => {
  test('every message of the registry travels on exactly one route', () => {
    const carried = all.flatMap(([, endpoint]) => [...requestsOf(endpoint), ...responsesOf(endpoint)])
    expect(carried.toSorted()).toEqual(Object.keys(MESSAGES).toSorted())
  })

  test('no two routes share a method and a path', () => {
    expect(new Set(all.map(([, { method, path }]) => `${method} ${path}`)).size).toBe(all.length)
  })

  test.each(all)('%s agrees with the registry on operation and step', (_, endpoint) => {
    const { opType, step } = endpoint
    if (endpoint.request === undefined || endpoint.response === undefined) {
      expect(opType).toBe('control')
      return
    }
    for (const name of requestsOf(endpoint))
      expect(MESSAGES[name]).toMatchObject({ operation: opType, step, direction: 'req' })
    for (const name of responsesOf(endpoint))
      expect(MESSAGES[name]).toMatchObject({ operation: opType, step: step + 1, direction: 'res' })
  })

  test('caps are exact, and within the limits of the design', () => {
    for (const [name, { request, opType, document }] of all) {
      if (request === undefined) expect(bodyCap(name)).toBe(document ?? 0)
      else if (opType === 'keygen') expect(bodyCap(name)).toBeLessThanOrEqual(65_536)
    }
    expect(bodyCap('keygen.start')).toBe(messageLength('keygen.req1'))
    expect(bodyCap('presign.open', 3)).toBe(messageLength('presign.req2', 3))
    expect(bodyCap('presign.open')).toBe(messageLength('presign.req2', 16))
    expect(bodyCap('presign.open', 1)).toBeLessThan(52 * 1024)
    expect(bodyCap('fresh.open')).toBe(messageLength('fresh.req2', 1, 65_536))
    expect(bodyCap('fresh.open')).toBeLessThanOrEqual((52 + 64) * 1024)
    expect(responseCap('presign.start', 16)).toBeLessThanOrEqual(16 * 52 * 1024)
    expect(responseCap('sign')).toBe(98)
    expect(bodyCap('reshare.start')).toBe(messageLength('replace.req1'))
    expect(responseCap('reshare.final')).toBe(messageLength('reshare.status'))
    expect(responseCap('kit')).toBe(65_536)
  })

  test('a length is possible or not before the body is read', () => {
    const presign = (batch: number) => messageLength('presign.req2', batch)
    expect(isBodyLength('presign.open', presign(3))).toBe(true)
    expect(isBodyLength('presign.open', presign(3), 3)).toBe(true)
    expect(isBodyLength('presign.open', presign(3), 2)).toBe(false)
    expect(isBodyLength('presign.open', presign(3) + 1)).toBe(false)
    expect(isBodyLength('presign.open', presign(16) + presign(1))).toBe(false)
    const [least, most] = [messageLength('sign.req1'), messageLength('sign.req1', 1, 65_536)]
    const lengths = [least - 1, least, most, most + 1]
    expect(lengths.map((length) => isBodyLength('sign', length))).toEqual([false, true, true, false])
    for (const [name, { request, document }] of all) {
      expect(isBodyLength(name, bodyCap(name)), name).toBe(true)
      expect(isBodyLength(name, bodyCap(name) + 1), name).toBe(false)
      if (request !== undefined || document !== undefined) expect(isBodyLength(name, 0), name).toBe(false)
    }
  })

  test('paths', () => {
    expect(endpointPath('sign', 'abc')).toBe('/v1/wallets/abc/sign')
    expect(endpointPath('keygen.start')).toBe('/v1/keygen/start')
    expect(endpointPath('claims.veto', 'abc', 'def')).toBe('/v1/wallets/abc/claims/def/veto')
  })
})
