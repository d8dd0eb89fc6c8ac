// What is signed when a person signs a message, and can it be read? (EIP-191 version 0x45, personal_sign)

import { bytesToHex, hashMessage } from 'viem/utils'
import type { MessageFacts } from '../facts.js'

export interface Message {
  /** keccak256("\x19Ethereum Signed Message:\n" || decimal length || message). 32 bytes. */
  readonly digest: Uint8Array
  readonly facts: MessageFacts
}

/** Any bytes are a message; they are text where they are valid UTF-8. */
export function readMessage(message: Uint8Array, chainId: bigint): Message {
  return {
    digest: hashMessage({ raw: message }, 'bytes'),
    facts: {
      kind: 'evm-message',
      chainId: chainId.toString(),
      text: readText(message),
      data: bytesToHex(message),
      dataLength: message.length,
    },
  }
}

function readText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}
