// What is a chain to those who use it here?

export type Hex = `0x${string}`

/** What became of a transaction. */
export interface Receipt {
  readonly hash: Hex
  readonly succeeded: boolean
  readonly gasUsed: bigint
  /** What the sender paid for gas, in wei. */
  readonly fee: bigint
}

/** A chain of its own, empty at first. */
export interface Evm {
  readonly name: string
  readonly chainId: number
  setBalance(address: Hex, wei: bigint): Promise<void>
  balance(address: Hex): Promise<bigint>
  nonce(address: Hex): Promise<number>
  /** Executes a signed transaction in a block of its own. Rejects when the EVM refuses it. */
  execute(signed: Hex): Promise<Receipt>
  close(): Promise<void>
}
