// Where does a request come from, as far as a limit needs to know? (invariant I22)

import { isIPv4, isIPv6 } from 'node:net'
import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'

/**
 * The network that a request comes from: the address of its connection or, behind a proxy that is trusted to append to
 * it, the last hop of X-Forwarded-For. What stands before the last hop is the sender's own invention.
 */
export function sourceOf(c: Context, trustProxy: boolean): string {
  const forwarded = trustProxy ? c.req.header('x-forwarded-for')?.split(',').at(-1)?.trim() : undefined
  return networkOf(forwarded ?? '') ?? networkOf(peerOf(c)) ?? ''
}

function peerOf(c: Context): string {
  try {
    return getConnInfo(c).remote.address ?? ''
  } catch {
    // Not a request of a server.
    return ''
  }
}

/** An IPv4 address, or the first 64 bits of an IPv6 address: one customer has as many of the rest as it likes. */
export function networkOf(address: string): string | undefined {
  const plain = address.replace(/%.*$/, '')
  const mapped = /^::ffff:([\d.]+)$/i.exec(plain)?.[1] ?? plain
  if (isIPv4(mapped)) return mapped
  if (!isIPv6(plain)) return undefined
  const [head = '', tail] = plain.split('::')
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const front = groups(head)
  const gap = tail === undefined ? 0 : Math.max(0, 8 - front.length - groups(tail).length)
  const all = [...front, ...Array.from({ length: gap }, () => '0'), ...groups(tail ?? '')]
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
