// What does a person read before signing? (product.md 4, row 19: decoded fields; unknown is labelled unknown)

import { chainName, coinAmount } from './evm/chain.js'
import type { Facts, KnownCall, MessageFacts, TransactionFacts, TypedDataFacts, TypedValue } from './facts.js'

/** One line; both texts are printable and on one line, whatever the request contained. */
export interface SummaryLine {
  readonly label: string
  readonly value: string
}

/** In the order in which they are to be read. */
export type Summary = readonly SummaryLine[]

/** The summary of a request, from the facts that policy sees and from nothing else. */
export function summarize(facts: Facts, from: string): Summary {
  return [...describe(facts, from)].map(({ label, value }) => ({
    label: printable(label),
    value: printable(value),
  }))
}

function describe(facts: Facts, from: string): Summary {
  switch (facts.kind) {
    case 'evm-transaction':
      return describeTransaction(facts, from)
    case 'evm-message':
      return describeMessage(facts, from)
    case 'evm-typed-data':
      return describeTypedData(facts, from)
    case 'self-test':
      return [line('Action', 'Test signature of a new wallet; it authorises nothing')]
    case 'raw-digest':
      return [
        line('Action', 'Sign a bare digest'),
        line('Meaning', 'unknown: it can authorise anything'),
        line('From', from),
      ]
  }
}

function describeTransaction(facts: TransactionFacts, from: string): Summary {
  const { chainId, to, data, dataLength, call } = facts
  const lines = [line('Chain', chainName(chainId)), line('From', from)]
  if (to === null) {
    lines.unshift(line('Action', 'Create a contract'))
    lines.push(line('Contract code', `unknown (${dataLength} bytes)`))
  } else {
    lines.unshift(line('Action', dataLength === 0 ? 'Send' : 'Call a contract'))
    lines.push(line('To', to))
    if (call !== null) lines.push(...describeCall(call))
    else if (dataLength > 0) {
      const method = facts.selector === null ? data : facts.selector
      lines.push(line('Method', `unknown (${method}, ${dataLength} bytes of data)`))
    }
  }
  lines.push(line('Amount', coinAmount(facts.value, chainId)))
  lines.push(line('Highest fee', coinAmount(facts.maxFee, chainId)))
  lines.push(line('Nonce', facts.nonce))
  if (facts.accessList.length > 0) lines.push(line('Access list', facts.accessList.join(', ')))
  return lines
}

function describeCall(call: KnownCall): Summary {
  switch (call.method) {
    case 'transfer':
      return [
        line('Method', 'transfer tokens of this contract'),
        line('Recipient', call.recipient),
        line('Token amount', `${call.amount} (smallest unit)`),
      ]
    case 'transferFrom':
      return [
        line('Method', 'transfer tokens of this contract from another owner'),
        line('Owner', call.owner),
        line('Recipient', call.recipient),
        line('Token amount or id', call.amount),
      ]
    case 'approve':
      return [
        line('Method', 'allow someone to spend tokens of this contract'),
        line('Spender', call.spender),
        line('Token amount or id', call.amount),
      ]
    case 'setApprovalForAll':
      return [
        line(
          'Method',
          call.approved ? 'allow someone to move all tokens of this contract' : 'withdraw a permission',
        ),
        line('Operator', call.operator),
      ]
  }
}

function describeMessage(facts: MessageFacts, from: string): Summary {
  const text = facts.text === null ? `unknown (not text): ${facts.data}` : facts.text
  return [line('Action', 'Sign a message'), line('From', from), line('Message', text)]
}

function describeTypedData(facts: TypedDataFacts, from: string): Summary {
  const { domain } = facts
  const lines = [
    line('Action', `Sign typed data: ${facts.primaryType}`),
    line('From', from),
    line('Application', domain.name === undefined ? 'unknown (not named)' : `${domain.name} (its own claim)`),
    line('Chain', domain.chainId === undefined ? 'any (not bound to a chain)' : chainName(domain.chainId)),
    line('Contract', domain.verifyingContract ?? 'any (not bound to a contract)'),
  ]
  if (domain.version !== undefined) lines.push(line('Version', domain.version))
  if (domain.salt !== undefined) lines.push(line('Salt', domain.salt))
  return [...lines, ...describeValue(facts.message, '')]
}

function describeValue(value: TypedValue, label: string): Summary {
  if (typeof value === 'string') return [line(label, value)]
  if (typeof value === 'boolean') return [line(label, value ? 'yes' : 'no')]
  const isList = Array.isArray(value)
  const entries = Object.entries(value)
  if (isList && entries.length === 0) return [line(label, '(none)')]
  return entries.flatMap(([key, member]) => {
    const step = isList ? `${label}[${key}]` : key
    return describeValue(member, isList || label === '' ? step : `${label}.${step}`)
  })
}

function line(label: string, value: string): SummaryLine {
  return { label, value }
}

/** Control, format (bidirectional, zero-width) and separator characters as `\u{...}`: what is shown is what is there. */
function printable(text: string): string {
  return text.replace(/[\\\p{C}\p{Zl}\p{Zp}]/gu, (character) => {
    if (character === '\\') return '\\\\'
    if (character === '\n') return '\\n'
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
  })
}
