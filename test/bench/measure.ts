// How long does something take, in the middle of several runs?

import process from 'node:process'

/** CPU time of this process so far, in milliseconds: what other programs do on the machine is not in it. */
export function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Wall-clock milliseconds of some work. */
export async function wallMilliseconds(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

/** The middle value; the mean of the two in the middle for an even number of values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
}

/** Named lists of values, in the order in which the names came first. */
export class Samples {
  readonly #values = new Map<string, number[]>()

  add(name: string, value: number): void {
    const list = this.#values.get(name)
    if (list === undefined) this.#values.set(name, [value])
    else list.push(value)
  }

  median(name: string): number {
    return median(this.#values.get(name) ?? [])
  }

  count(name: string): number {
    return this.#values.get(name)?.length ?? 0
  }
}
