// How does a test run a device as a process of its own, and what does it hear from it?
import { TercetError } from '@tercet/client'
import { type Program, start } from './processes.js'
import { built } from './root.js'

/** Of every file of a device. */
export const DEVICE_PASSPHRASE = 'p'

/** What the device is to do. */
export interface DeviceTask {
  readonly node: string
  /** Another node that its wallet may be with by now: where it is, its own address is kept. */
  readonly next?: string
  /** Its store; in memory where left out. */
  readonly file?: string
  readonly pool?: number
  /** How it comes to a wallet that is there already, where it has none. */
  readonly join?: DeviceJoin
  /** What it does with the wallet that it opened or made; one that fails does not keep it from the next. */
  readonly steps: readonly DeviceStep[]
  /** A broken variant: its store says that it has written before it has. */
  readonly flaw?: 'late-storage'
}

/** What the recovery machine told the person, and how long the device waits for it. */
export interface DeviceJoin {
  readonly invitation: string
  /** A URL on this machine. */
  readonly link: string
  readonly timeoutMilliseconds: number
}

export type DeviceStep =
  | { readonly step: 'sign'; readonly message: string }
  | { readonly step: 'refresh' }
  /** Nothing, where the wallet is with that node already. */
  | { readonly step: 'operator'; readonly node: string; readonly identity: string }

/** One JSON line of the device. */
export type DeviceEvent =
  | { readonly event: 'progress'; readonly stage: string }
  | {
      readonly event: 'wallet'
      readonly id: string
      readonly from: 'nothing' | 'unfinished' | 'ready'
      readonly address: `0x${string}`
    }
  | {
      readonly event: 'signed'
      readonly message: string
      readonly serialized: `0x${string}`
      readonly mode: 'pool' | 'fresh'
    }
  | { readonly event: 'refused'; readonly code: string }
  | { readonly event: 'failed'; readonly step: string; readonly code: string; readonly text: string }
  /** At the end: what its store holds. */
  | { readonly event: 'held'; readonly wallets: readonly HeldWallet[] }

export interface HeldWallet {
  readonly id: string
  readonly state: string
  readonly epoch: number
  readonly attempt: number
}

export interface DeviceOptions {
  /** A command that runs the device in its turn: `nice`, strace. */
  readonly under?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

/** A built program of the system tests: Node 20 runs no TypeScript. */
export function builtProgram(name: string): string {
  return built(`test/dist/system/programs/${name}.js`)
}

export function startDevice(task: DeviceTask, options: DeviceOptions = {}): Program {
  const line = [...(options.under ?? []), process.execPath, builtProgram('device'), JSON.stringify(task)]
  const [command = process.execPath, ...args] = line
  return start('device', command, args, { env: { ...process.env, ...options.environment } })
}

/** What the device said so far. */
export function eventsOf(program: Program): DeviceEvent[] {
  const lines = program.stdout().split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as DeviceEvent)
}

export function codeOf(error: unknown): string {
  return error instanceof TercetError ? error.code : 'unknown'
}

/** What an error says, with the incident that a report would name. */
export function textOf(error: unknown): string {
  const incident = error instanceof TercetError ? error.incident : undefined
  return incident === undefined ? String(error) : `${error} (${incident})`
}
