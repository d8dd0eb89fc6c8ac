// Before which system calls can a process die, and how is it made to die there? (security.md 5)
import type { Call } from '../trace.js'

/** What makes a change durable, or undoes it. A process that dies before the nth of these has made n - 1 of them. */
export const DURABLE = ['fsync', 'fdatasync', 'pwrite64', 'ftruncate', 'rename', 'unlink'] as const

export interface Point {
  readonly call: (typeof DURABLE)[number]
  readonly nth: number
}

/** strace's option that kills at the point: on the way into the call, which is then not made. */
export function killAt({ call, nth }: Point): string[] {
  return ['-e', `inject=${call}:signal=KILL:when=${nth}`]
}

/**
 * The points of a traced run, after those of its beginning. strace counts every thread by itself, and so one thread must
 * make all calls of a kind. Throws where that is not so.
 */
export function pointsOf(calls: readonly Call[], before: readonly Call[] = []): Point[] {
  return DURABLE.flatMap((call) => {
    const [all, early] = [calls, before].map((list) => list.filter(({ name }) => name === call))
    const threads = new Set(all?.map(({ pid }) => pid))
    if (threads.size > 1) throw new Error(`${threads.size} threads call ${call}: no count names a point`)
    const skipped = early?.length ?? 0
    return Array.from({ length: (all?.length ?? 0) - skipped }, (_, i) => ({ call, nth: skipped + i + 1 }))
  })
}
