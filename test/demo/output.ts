// How does the demo show what it does? Lines with timings; on a terminal the running step shows its progress in place.
import process from 'node:process'

export interface Output {
  /** Runs a step and says how long it took. `progress` replaces what is shown while it runs. */
  step<T>(text: string, work: (progress: (text: string) => void) => Promise<T>): Promise<T>
  /** A detail of the step before. */
  detail(text: string): void
  /** Something the demo promises: shown with its truth, and kept. */
  claim(text: string, holds: boolean): void
  heading(text: string): void
  /** The claims that do not hold. */
  broken(): readonly string[]
  claims(): number
}

/** Where lines cannot be overwritten, a long step says this often that it goes on. */
const PLAIN_PROGRESS_MS = 3000

/** Writes to a stream, in place only where it is a terminal. */
export function createOutput(stream: NodeJS.WriteStream = process.stdout): Output {
  const terminal = stream.isTTY === true
  const broken: string[] = []
  let claims = 0
  const line = (text: string) => stream.write(`${text}\n`)
  return {
    async step(text, work) {
      const began = performance.now()
      const seconds = () => `${((performance.now() - began) / 1000).toFixed(1)} s`.padStart(7)
      let progress = ''
      const draw = () => {
        const width = Math.max(20, (stream.columns ?? 80) - 1)
        const shown = `${seconds()}  ${text} ...${progress === '' ? '' : ` ${progress}`}`
        stream.write(`\r\x1b[2K${shown.slice(0, width)}`)
      }
      const still = () => line(`${seconds()}  (${text} ...${progress === '' ? '' : ` ${progress}`})`)
      const timer = terminal ? setInterval(draw, 100) : setInterval(still, PLAIN_PROGRESS_MS)
      if (terminal) draw()
      const clear = () => {
        clearInterval(timer)
        if (terminal) stream.write('\r\x1b[2K')
      }
      try {
        const result = await work((now) => {
          progress = now
        })
        clear()
        line(`${seconds()}  ${text}`)
        return result
      } catch (error) {
        clear()
        line(`${seconds()}  FAILED: ${text}`)
        throw error
      }
    },
    detail: (text) => line(`           ${text}`),
    claim(text, holds) {
      claims++
      if (!holds) broken.push(text)
      line(`     ${holds ? ' ok' : 'NOT'}   ${text}`)
    },
    heading: (text) => line(`\n${text}`),
    broken: () => broken,
    claims: () => claims,
  }
}

/** Shows nothing and keeps the claims: for a test that plays the demo. */
export function createQuietOutput(): Output {
  const broken: string[] = []
  let claims = 0
  return {
    step: (_text, work) => work(() => {}),
    detail: () => {},
    heading: () => {},
    claim(text, holds) {
      claims++
      if (!holds) broken.push(text)
    },
    broken: () => broken,
    claims: () => claims,
  }
}
