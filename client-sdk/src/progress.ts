// Which stages does the creation of a wallet go through, as a user is told of them?

/** In order: who we are, whose recovery key, three exchanges with their checks, the store, the first signature. */
export const STAGES = [
  'identity',
  'recovery',
  'start',
  'open',
  'verify',
  'store',
  'confirm',
  'self-test',
  'ready',
] as const
export type Stage = (typeof STAGES)[number]

export interface Progress {
  readonly stage: Stage
  /** 1 to `of`. */
  readonly step: number
  readonly of: number
}

export type Report = (stage: Stage) => void

/** Tells the listener of each stage; what the listener throws is its own affair. */
export function reporter(listener: ((progress: Progress) => void) | undefined): Report {
  return (stage) => {
    try {
      listener?.({ stage, step: STAGES.indexOf(stage) + 1, of: STAGES.length })
    } catch {
      // A faulty progress bar must not end a key generation half-way.
    }
  }
}
