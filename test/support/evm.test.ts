// Do both chains execute a payment that viem signed, and refuse one that nobody can pay?
import { parseGwei } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { describe, expect, it } from 'vitest'
import { startAnvil } from './anvil.js'
import { startEthereumJs } from './ethereumjs.js'
import type { Evm } from './evm.js'

const chains: [string, () => Promise<Evm | undefined>][] = [
  ['anvil', startAnvil],
  ['@ethereumjs/vm', startEthereumJs],
]

describe.each(chains)('%s', (_name, start) => {
  it('executes an EIP-1559 payment', async (context) => {
    const chain = await start()
    if (chain === undefined) return context.skip('no binary for this platform')
    try {
      const account = privateKeyToAccount(generatePrivateKey())
      const to = privateKeyToAccount(generatePrivateKey()).address
      const transaction = {
        type: 'eip1559',
        chainId: chain.chainId,
        nonce: 0,
        to,
        value: 5n * 10n ** 17n,
        gas: 21_000n,
        maxFeePerGas: parseGwei('10'),
        maxPriorityFeePerGas: parseGwei('1'),
      } as const
      const signed = await account.signTransaction(transaction)
      await expect(chain.execute(signed)).rejects.toThrow()
      await chain.setBalance(account.address, 10n ** 18n)
      const receipt = await chain.execute(signed)
      expect(receipt.succeeded).toBe(true)
      expect(await chain.balance(to)).toBe(transaction.value)
      expect(await chain.balance(account.address)).toBe(10n ** 18n - transaction.value - receipt.fee)
      expect(await chain.nonce(account.address)).toBe(1)
    } finally {
      await chain.close()
    }
  })
})
