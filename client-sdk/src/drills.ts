// Has the recovery of this wallet been rehearsed, when, and does the proof of it hold? (SPEC 5.5)

import { Malformed } from '@tercet/protocol/errors'
import {
  type DrillFault,
  type DrillReceipt,
  decodeDrillReceipt,
  drillFault,
  drillSubjectOf,
} from '@tercet/wire/drill'
import { codeOf, TercetError } from './errors.js'
import { namesOf } from './kits.js'
import type { Live } from './live.js'
import { read, reading, write } from './record-format.js'

/** A rehearsal that proved that the recovery key opens the kit. */
export interface Drill {
  /** Unix seconds. */
  readonly time: number
  readonly epoch: number
  /** Whether it was of the present kit; after a refresh the rehearsal is due again. */
  readonly current: boolean
}

/** Why a receipt is refused; `time`: it is from the future. */
const FAULTS: Record<DrillFault | 'time' | 'receipt', string> = {
  receipt: 'This is not a receipt of a drill.',
  wallet: 'This receipt is of another wallet.',
  epoch: 'This receipt is of an earlier kit: export the present one and repeat the drill with it.',
  'recovery-key': 'This receipt is of another recovery key.',
  signature: 'This receipt is not signed by the recovery key.',
  proof: 'This receipt does not prove that the kit was opened.',
  time: 'This receipt is dated in the future: check the clocks of both machines.',
}
const MAX_SKEW_SECONDS = 600

/**
 * Checks a receipt, keeps it, and hands it to the node for its log.
 * @throws TercetError `drill` with the fault as its field; after `network` or `timeout` it is kept all the same
 */
export async function recordDrill(live: Live, bytes: Uint8Array, signal?: AbortSignal): Promise<Drill> {
  const { storage, walletId, channel, records } = live
  const receipt = decodeReceipt(bytes)
  const fault = await drillFault(receipt, drillSubjectOf(records.kit.record))
  if (fault !== undefined) throw refused(fault)
  if (receipt.time > channel.options.clock() / 1000 + MAX_SKEW_SECONDS) throw refused('time')
  const before = await storedReceipt(live)
  if (before === undefined || before.time <= receipt.time || !isCurrent(live, before))
    await write(storage, walletId, { drill: bytes })
  await channel.ask('drill', namesOf(live), bytes, signal).catch((error: unknown) => {
    // Too old for the node's log; for the user it counts.
    if (codeOf(error) !== 'expired') throw error
  })
  return drillOf(live, receipt)
}

/** The last rehearsal that this device knows of, if any. @throws TercetError `damaged` */
export async function lastDrill(live: Live): Promise<Drill | undefined> {
  const receipt = await storedReceipt(live)
  return receipt && drillOf(live, receipt)
}

async function storedReceipt({ storage, walletId }: Live): Promise<DrillReceipt | undefined> {
  const bytes = await read(storage, walletId, 'drill')
  return bytes && reading(() => decodeDrillReceipt(bytes))
}

function drillOf(live: Live, receipt: DrillReceipt): Drill {
  const { time, epoch } = receipt
  return { time, epoch, current: isCurrent(live, receipt) }
}

function isCurrent({ records }: Live, { epoch, attempt }: DrillReceipt): boolean {
  const { record } = records.kit
  return record.epoch === epoch && record.attempt === attempt
}

function decodeReceipt(bytes: Uint8Array): DrillReceipt {
  try {
    return decodeDrillReceipt(bytes)
  } catch (error) {
    throw refused('receipt', error instanceof Malformed ? error : undefined)
  }
}

function refused(fault: keyof typeof FAULTS, cause?: Error): TercetError {
  return new TercetError('drill', {
    field: fault,
    message: FAULTS[fault],
    ...(cause === undefined ? {} : { cause }),
  })
}
