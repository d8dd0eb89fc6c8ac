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

/** The stages of a refresh: three exchanges with their checks, the store between them. */
export const REFRESH_STAGES = ['start', 'open', 'verify', 'store', 'commit', 'ready'] as const
export type RefreshStage = (typeof REFRESH_STAGES)[number]

export interface Progress<S extends string = Stage> {
  readonly stage: S
  /** 1 to `of`. */
  readonly step: number
  readonly of: number
}

export type Report<S extends string = Stage> = (stage: S) => void

/** Tells the listener of each stage; what the listener throws is its own affair. */
export function reporter<S extends string>(
  stages: readonly S[],
  listener: ((progress: Progress<S>) => void) | undefined,
): Report<S> {
  return (stage) => {
    try {
      listener?.({ stage, step: stages.indexOf(stage) + 1, of: stages.length })
    } catch {
      // A faulty progress bar must not end a key generation half-way.
    }
  }
}
