// How is an EVM in this process used as the chain, where anvil has no binary?
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { createTxFromRLP } from '@ethereumjs/tx'
import { Account, type Address, bytesToHex, createAddressFromString, hexToBytes } from '@ethereumjs/util'
import { createVM, runTx } from '@ethereumjs/vm'
import type { Evm, Hex } from './evm.js'

const CHAIN_ID = 31_337

/** A fresh EVM with the rules of Cancun. */
export async function startEthereumJs(): Promise<Evm> {
  const common = new Common({ chain: { ...Mainnet, chainId: CHAIN_ID }, hardfork: Hardfork.Cancun })
  const vm = await createVM({ common })
  const state = vm.stateManager
  const account = async (address: Hex) => (await state.getAccount(at(address))) ?? new Account()
  return {
    name: '@ethereumjs/vm 10.1.3',
    chainId: CHAIN_ID,
    setBalance: async (address, wei) => {
      const found = await account(address)
      found.balance = wei
      await state.putAccount(at(address), found)
    },
    balance: async (address) => (await account(address)).balance,
    nonce: async (address) => Number((await account(address)).nonce),
    execute: async (signed) => {
      const tx = createTxFromRLP(hexToBytes(signed), { common })
      const result = await runTx(vm, { tx })
      return {
        hash: bytesToHex(tx.hash()),
        succeeded: result.execResult.exceptionError === undefined,
        gasUsed: result.totalGasSpent,
        fee: result.amountSpent,
      }
    },
    close: async () => {},
  }
}

function at(address: Hex): Address {
  return createAddressFromString(address)
}
