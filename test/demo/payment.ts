// How does the demo pay: who signs, who checks the signature, who executes it?
import { formatEther, parseEther, parseGwei, recoverTransactionAddress, serializeTransaction } from 'viem'
import type { Evm, Hex } from '../support/evm.js'
import type { SignedAnswer } from './device-calls.js'
import type { Output } from './output.js'

/** What a wallet is given first. */
export const FUNDS = parseEther('1')
export const PAYEE: Hex = '0x00000000000000000000000000000000beef0001'

const PAYMENT = parseEther('0.1')

/** Who signs, in words, and how. */
export interface Signer {
  readonly by: string
  sign(unsigned: Hex): Promise<SignedAnswer>
}

/** Signs an EIP-1559 payment, lets viem say whose signature it is, and has the EVM execute it. */
export async function pay(output: Output, evm: Evm, address: Hex, signer: Signer): Promise<SignedAnswer> {
  const balances = async () => [await evm.balance(address), await evm.balance(PAYEE)] as const
  const [hadBefore, payeeBefore] = await balances()
  const unsigned = serializeTransaction({
    type: 'eip1559',
    chainId: evm.chainId,
    nonce: await evm.nonce(address),
    to: PAYEE,
    value: PAYMENT,
    gas: 21_000n,
    maxFeePerGas: parseGwei('20'),
    maxPriorityFeePerGas: parseGwei('1'),
  })
  const signed = await output.step(`sign an EIP-1559 payment with ${signer.by}`, () => signer.sign(unsigned))
  const serialized = signed.serialized as `0x02${string}`
  output.claim(
    'viem recovers the wallet from the signature',
    (await recoverTransactionAddress({ serializedTransaction: serialized })) === address,
  )
  const receipt = await output.step('execute it on the EVM', () => evm.execute(serialized))
  const [had, payee] = await balances()
  output.detail(
    `wallet  ${formatEther(hadBefore)} -> ${formatEther(had)} ETH (fee ${formatEther(receipt.fee)})`,
  )
  output.detail(`payee   ${formatEther(payeeBefore)} -> ${formatEther(payee)} ETH`)
  output.claim(
    `the EVM executed ${receipt.hash}`,
    receipt.succeeded && payee === payeeBefore + PAYMENT && had === hadBefore - PAYMENT - receipt.fee,
  )
  return signed
}
