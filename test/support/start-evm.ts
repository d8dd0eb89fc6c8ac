// Where are transactions executed? On anvil and, where it has no binary, on an EVM in this process.
import { startAnvil } from './anvil.js'
import { startEthereumJs } from './ethereumjs.js'
import type { Evm } from './evm.js'

/** anvil where its binary is installed, else @ethereumjs/vm. `TERCET_EVM=ethereumjs` asks for the second. */
export async function startEvm(): Promise<Evm> {
  const anvil = process.env['TERCET_EVM'] === 'ethereumjs' ? undefined : await startAnvil()
  return anvil ?? (await startEthereumJs())
}
