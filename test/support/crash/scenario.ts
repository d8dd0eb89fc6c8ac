// What is a scenario of the crash suites, and what must hold after it whoever died? (SPEC 5.2; product, crash-safe HTTP)
import { readdirSync, statSync } from 'node:fs'
import { toBase64url } from '@tercet/wire/base64url'
import Database from 'better-sqlite3'
import { recoverMessageAddress } from 'viem'
import type { DeviceEvent } from '../device-process.js'
import { runNodeProgram } from '../node-process.js'
import type { Stage } from './stage.js'

/** One operation between real processes. It is given by a name and a script. */
export interface Scenario {
  readonly name: string
  /** The roles that are killed, each at every durable call of its own: nodes, and what `Stage.launch` started. */
  readonly victims: readonly string[]
  /** The roles that are nodes; they run before the operation begins. */
  readonly nodes: readonly string[]
  /** The node and the device that sign together afterwards. */
  readonly pair: { readonly node: string; readonly device: string }
  /** Whether the broken variants are judged by it in every run; in a deep run every scenario judges them. */
  readonly sampledControls?: boolean
  /** Makes the files that the operation starts from; every run has a copy. What the device of the pair said. */
  prepare(stage: Stage): Promise<readonly DeviceEvent[]>
  /**
   * The operation, begun or gone on with from whatever is there, and a signature. The second time is what a user does
   * who starts the programs again and knows of nothing. What the device of the pair said.
   */
  play(stage: Stage): Promise<readonly DeviceEvent[]>
  /** What else is wrong after it; nothing runs any more. */
  faults?(stage: Stage): readonly string[]
}

type Of<E extends DeviceEvent['event']> = Extract<DeviceEvent, { readonly event: E }>

export function only<E extends DeviceEvent['event']>(events: readonly DeviceEvent[], name: E): Of<E>[] {
  return events.filter((event): event is Of<E> => event.event === name)
}

/** What is wrong after the operation was played to its end. `first` is what the device had said until then. */
export async function faults(
  { pair, nodes, faults: others = () => [] }: Scenario,
  stage: Stage,
  first: readonly DeviceEvent[],
  last: readonly DeviceEvent[],
): Promise<string[]> {
  const found: string[] = []
  const held = only(last, 'held').at(-1)?.wallets ?? []
  const [wallet] = held
  const signed = [...only(first, 'signed'), ...only(last, 'signed')]
  for (const { step, code, text } of only(last, 'failed')) found.push(`${step} failed by ${code} (${text})`)
  for (const { code } of [...only(first, 'failed'), ...only(last, 'failed')]) {
    if (code === 'unknown' || code === 'bug') found.push(`an error without a cause: ${code}`)
  }
  if (only(last, 'signed').length === 0) found.push('no signature')
  if (wallet === undefined || held.length > 1) found.push(`the device holds ${held.length} wallets`)
  if (wallet?.state !== 'ready') found.push(`the wallet is ${wallet?.state}`)
  const addresses = new Set([...only(first, 'wallet'), ...only(last, 'wallet')].map(({ address }) => address))
  if (addresses.size !== 1) found.push(`${addresses.size} addresses`)
  for (const { message, serialized: signature } of signed) {
    if (!addresses.has(await recoverMessageAddress({ message, signature })))
      found.push(`a wrong signature: ${message}`)
  }
  for (const file of readdirSync(stage.path(pair.device))) {
    if ((statSync(stage.path(pair.device, file)).mode & 0o077) !== 0) found.push(`others can read ${file}`)
  }
  for (const [role, code] of Object.entries(await stage.end())) {
    if (code !== 0) found.push(`${role} ended with ${code}`)
    const { status, stderr } = runNodeProgram('audit', 'verify', '--data-dir', stage.path(role))
    if (status !== 0) found.push(`the audit log of ${role}: ${stderr}`)
  }
  const rows = keysAt(stage.path(pair.node))
  const there = rows.keys.map(({ id, roles, shares }) => `${id} ${[...roles, ...shares].join(', ')}`)
  const here = held.map(
    ({ id, epoch, attempt }) => `${id} act ${epoch}/${attempt}, share ${epoch}/${attempt}`,
  )
  if (there.join() !== here.join()) found.push(`the node holds ${there}, the device ${here}`)
  const approved = nodes.reduce((sum, role) => sum + keysAt(stage.path(role)).approved, 0)
  if (approved < signed.length)
    found.push(`${signed.length} signatures, and ${approved} of them were approved`)
  return [...found, ...others(stage)]
}

/** Which keys a node serves, with the generations of each, and how many signatures its log approves. */
export function keysAt(dataDir: string) {
  const database = new Database(`${dataDir}/node.sqlite`, { readonly: true })
  try {
    const states = database.prepare<[], { key_id: Uint8Array; state: Uint8Array }>(
      'SELECT key_id, state FROM key_states ORDER BY key_id',
    )
    const shares = database.prepare<[Uint8Array], { epoch: number; attempt: number }>(
      'SELECT epoch, attempt FROM shares WHERE key_id = ? ORDER BY epoch, attempt',
    )
    const keys = states.all().map(({ key_id, state }) => {
      const { epochs } = JSON.parse(Buffer.from(state).toString()) as Standing
      const roles = (['act', 'old', 'pend'] as const).flatMap((role) => {
        const id = epochs[role]?.id
        return id === undefined ? [] : [`${role} ${id.epoch}/${id.attempt}`]
      })
      const rows = shares.all(key_id).map(({ epoch, attempt }) => `share ${epoch}/${attempt}`)
      return { id: toBase64url(key_id), roles, shares: rows }
    })
    const approved = database.prepare(`SELECT count(*) FROM audit WHERE event = 'approved'`).pluck().get()
    return { keys, approved: Number(approved) }
  } finally {
    database.close()
  }
}

/** What is looked at of a key's state. */
interface Standing {
  readonly epochs: Readonly<
    Record<
      'act' | 'old' | 'pend',
      { readonly id: { readonly epoch: number; readonly attempt: number } } | null
    >
  >
}
