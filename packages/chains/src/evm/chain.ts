// Which EVM chain does a request name, and what is it called? (CAIP-2, namespace eip155)

import { Malformed } from '@tercet/protocol/errors'

/** EIP-2294: beyond this, the v of a legacy signature leaves 64 bits. */
const MAX_CHAIN_ID = (2n ** 64n - 1n) / 2n - 36n

/** N of `eip155:N`. @throws Malformed */
export function readChainId(chain: string): bigint {
  const digits = /^eip155:([1-9][0-9]{0,19})$/.exec(chain)?.[1]
  if (digits === undefined || BigInt(digits) > MAX_CHAIN_ID) throw new Malformed('chain')
  return BigInt(digits)
}

const KNOWN: ReadonlyMap<string, { readonly name: string; readonly coin: string }> = new Map([
  ['1', { name: 'Ethereum', coin: 'ETH' }],
  ['10', { name: 'OP Mainnet', coin: 'ETH' }],
  ['56', { name: 'BNB Smart Chain', coin: 'BNB' }],
  ['100', { name: 'Gnosis', coin: 'xDAI' }],
  ['137', { name: 'Polygon', coin: 'POL' }],
  ['8453', { name: 'Base', coin: 'ETH' }],
  ['31337', { name: 'local development chain', coin: 'ETH' }],
  ['42161', { name: 'Arbitrum One', coin: 'ETH' }],
  ['43114', { name: 'Avalanche C-Chain', coin: 'AVAX' }],
  ['11155111', { name: 'Sepolia (test network)', coin: 'ETH' }],
])

/** A chain for people. */
export function chainName(chainId: string): string {
  return `${KNOWN.get(chainId)?.name ?? 'unknown chain'} (${chainId})`
}

/** An amount of the chain's own coin for people, with the wei. */
export function coinAmount(wei: string, chainId: string): string {
  const padded = wei.padStart(19, '0')
  const fraction = padded.slice(-18).replace(/0+$/, '')
  const whole = padded.slice(0, -18)
  const coin = KNOWN.get(chainId)?.coin ?? "of the chain's own coin"
  return `${fraction === '' ? whole : `${whole}.${fraction}`} ${coin} (${wei} wei)`
}
