// What does a policy get to know about a request? (architecture.md 2: a summary for policy)

/** `0x` and lower-case hexadecimal digits. Addresses alone are mixed-case, with their EIP-55 checksum. */
export type Hex = `0x${string}`

/** Integers are decimal strings in the smallest unit (wei), so that they survive JSON. */
export type Decimal = string

/** A call that is understood completely: known selector, exact length, clean padding. Token amounts are in the token's own unit. */
export type KnownCall =
  | { readonly method: 'transfer'; readonly recipient: Hex; readonly amount: Decimal }
  | {
      readonly method: 'transferFrom'
      readonly owner: Hex
      readonly recipient: Hex
      readonly amount: Decimal
    }
  | { readonly method: 'approve'; readonly spender: Hex; readonly amount: Decimal }
  | { readonly method: 'setApprovalForAll'; readonly operator: Hex; readonly approved: boolean }

export interface TransactionFacts {
  readonly kind: 'evm-transaction'
  readonly chainId: Decimal
  readonly transactionType: 'legacy' | 'eip2930' | 'eip1559'
  readonly nonce: Decimal
  /** Null where the transaction creates a contract. */
  readonly to: Hex | null
  readonly contractCreation: boolean
  readonly value: Decimal
  /** First four bytes of the data of a call; null where there are fewer, or for a contract creation. */
  readonly selector: Hex | null
  /** Null where the call is not one of those that are decoded: nothing is known about it. */
  readonly call: KnownCall | null
  /** Bytes. */
  readonly dataLength: number
  readonly data: Hex
  readonly gasLimit: Decimal
  /** Wei for one unit of gas; the gas price of a legacy or 2930 transaction. */
  readonly maxFeePerGas: Decimal
  readonly maxPriorityFeePerGas: Decimal
  /** gasLimit * maxFeePerGas: the most that the transaction can cost beside its value. */
  readonly maxFee: Decimal
  /** Addresses of the access list. */
  readonly accessList: readonly Hex[]
}

export interface MessageFacts {
  readonly kind: 'evm-message'
  readonly chainId: Decimal
  /** Null where the bytes are not UTF-8. */
  readonly text: string | null
  readonly data: Hex
  readonly dataLength: number
}

/** A value of typed data: integers as decimal strings, addresses checksummed, bytes as hex. */
export type TypedValue = string | boolean | readonly TypedValue[] | { readonly [field: string]: TypedValue }

export interface TypedDataDomain {
  readonly name?: string
  readonly version?: string
  readonly chainId?: Decimal
  readonly verifyingContract?: Hex
  readonly salt?: Hex
}

export interface TypedDataFacts {
  readonly kind: 'evm-typed-data'
  readonly chainId: Decimal
  readonly primaryType: string
  readonly domain: TypedDataDomain
  readonly message: { readonly [field: string]: TypedValue }
}

export interface SelfTestFacts {
  readonly kind: 'self-test'
}

/** The digest was given, not computed: nothing is known about what it authorises. */
export interface RawDigestFacts {
  readonly kind: 'raw-digest'
}

export type Facts = TransactionFacts | MessageFacts | TypedDataFacts | SelfTestFacts | RawDigestFacts
