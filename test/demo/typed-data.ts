// Which typed data does the demo sign? An EIP-712 agreement, as the device is given it and as viem checks it.
import type { JsonObject } from '@tercet/wire/canonical-json'
import type { Hex } from '../support/evm.js'

const types = {
  Party: [
    { name: 'name', type: 'string' },
    { name: 'wallet', type: 'address' },
  ],
  Agreement: [
    { name: 'from', type: 'Party' },
    { name: 'to', type: 'Party' },
    { name: 'amount', type: 'uint256' },
    { name: 'terms', type: 'string' },
  ],
}
const domain = { name: 'Tercet demo', version: '1', chainId: 1 }
const primaryType = 'Agreement'
const amount = 10n ** 20n

function message<A>(from: Hex, to: Hex, quantity: A) {
  return {
    from: { name: 'Payer', wallet: from },
    to: { name: 'Payee', wallet: to },
    amount: quantity,
    terms: 'A hundred, on the last day of the month.',
  }
}

/** The request's payload: large integers are decimal strings. */
export function agreement(from: Hex, to: Hex): JsonObject {
  return { types, primaryType, domain, message: message(from, to, amount.toString()) }
}

/** The same for viem. */
export function agreementForViem(from: Hex, to: Hex) {
  return { types, primaryType, domain, message: message(from, to, amount) } as const
}
