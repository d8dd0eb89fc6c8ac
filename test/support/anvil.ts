// How is anvil used as the chain? A child process on a free port, spoken to over JSON-RPC.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Evm, Hex } from './evm.js'
import { start } from './processes.js'

const PACKAGE = '@foundry-rs/anvil-linux-amd64'

/** Starts anvil; undefined when there is no binary for this platform or it does not start. */
export async function startAnvil(): Promise<Evm | undefined> {
  const binary = findBinary()
  if (binary === undefined) return undefined
  const program = start('anvil', binary, ['--host', '127.0.0.1', '--port', '0', '--accounts', '1'])
  let url: string
  try {
    const line = await program.line((text) => text.includes('Listening on'), 15_000)
    url = `http://${line.replace(/^.*Listening on /, '').trim()}`
  } catch {
    await program.stop()
    return undefined
  }
  const call = async (method: string, ...params: unknown[]): Promise<unknown> => {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(10_000),
    })
    const { result, error } = (await answer.json()) as { result?: unknown; error?: { message: string } }
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
    return result
  }
  const quantity = async (method: string, ...params: unknown[]) =>
    BigInt(String(await call(method, ...params)))
  return {
    name: 'anvil 1.7.1',
    chainId: Number(await quantity('eth_chainId')),
    setBalance: async (address, wei) => {
      await call('anvil_setBalance', address, `0x${wei.toString(16)}`)
    },
    balance: (address) => quantity('eth_getBalance', address, 'latest'),
    nonce: async (address) => Number(await quantity('eth_getTransactionCount', address, 'latest')),
    execute: async (signed) => {
      const hash = (await call('eth_sendRawTransaction', signed)) as Hex
      for (let attempt = 0; attempt < 100; attempt++) {
        const receipt = (await call('eth_getTransactionReceipt', hash)) as Record<string, string> | null
        if (receipt !== null) {
          const gasUsed = BigInt(receipt['gasUsed'] ?? '')
          const fee = gasUsed * BigInt(receipt['effectiveGasPrice'] ?? '')
          return { hash, succeeded: receipt['status'] === '0x1', gasUsed, fee }
        }
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      throw new Error(`no receipt for ${hash}`)
    },
    close: async () => {
      await program.stop(3000)
    },
  }
}

function findBinary(): string | undefined {
  try {
    return join(createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`), '../bin/anvil')
  } catch {
    return undefined
  }
}
