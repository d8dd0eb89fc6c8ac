import { expect, test } from 'vitest'
import { networkOf, sourceOf } from './source.js'

const asked = (remoteAddress: string | undefined, forwarded?: string) =>
  ({
    env: { incoming: { socket: { remoteAddress } } },
    req: { header: (name: string) => (name === 'x-forwarded-for' ? forwarded : undefined) },
  }) as unknown as Parameters<typeof sourceOf>[0]

test('without a trusted proxy the connection counts, whatever a header says', () => {
  expect(sourceOf(asked('192.0.2.1', '198.51.100.7'), false)).toBe('192.0.2.1')
  expect(sourceOf(asked('::ffff:192.0.2.1'), false)).toBe('192.0.2.1')
  expect(sourceOf(asked(undefined), false)).toBe('')
})

test('behind a trusted proxy its own entry counts, the last one', () => {
  expect(sourceOf(asked('127.0.0.1', '203.0.113.9, 198.51.100.7'), true)).toBe('198.51.100.7')
  expect(sourceOf(asked('127.0.0.1'), true)).toBe('127.0.0.1')
  expect(sourceOf(asked('127.0.0.1', 'unknown'), true)).toBe('127.0.0.1')
})

test('one IPv6 network is one source', () => {
  const same = [
    '2001:db8:0:7::1',
    '2001:db8::7:0:0:0:2',
    '2001:0DB8:0000:0007:ffff:1:2:3',
    '2001:db8:0:7::1%eth0',
  ]
  expect(new Set(same.map(networkOf))).toEqual(new Set(['2001:db8:0:7::/64']))
  expect(networkOf('::1')).toBe('0:0:0:0::/64')
  expect(networkOf('fe80::')).toBe('fe80:0:0:0::/64')
  for (const none of ['', 'unix', '1.2.3', '2001:db8', '::1::']) expect(networkOf(none)).toBeUndefined()
})
