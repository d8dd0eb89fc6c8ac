// How does a test let days pass at a real program? Its clocks are ahead by what stands in a file.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './root.js'

/** The clocks of one program, in seconds ahead of the machine's. */
export class TestClock {
  readonly #file: string
  #wall = 0
  #monotonic = 0

  constructor(folder: string, name: string) {
    this.#file = join(folder, `${name}.clock`)
    this.#write()
  }

  /** Options of Node for the program. */
  get nodeOptions(): readonly string[] {
    return ['--import', pathToFileURL(join(root, 'test/support/clock-preload.mjs')).href]
  }

  /** What the program runs under. */
  get under(): readonly string[] {
    return ['env', `TERCET_TEST_CLOCK=${this.#file}`]
  }

  /** Unix seconds at the program. */
  now(): number {
    return Math.floor(Date.now() / 1000) + this.#wall
  }

  /** Time passes: both clocks go on. */
  pass(seconds: number): void {
    this.#wall += seconds
    this.#monotonic += seconds
    this.#write()
  }

  /** Somebody sets the wall clock. */
  setForward(seconds: number): void {
    this.#wall += seconds
    this.#write()
  }

  /** A restart begins the monotonic clock anew. */
  restarted(): void {
    this.#monotonic = 0
    this.#write()
  }

  #write(): void {
    const ahead = { wall: 1000 * this.#wall, monotonic: 1000 * this.#monotonic }
    writeFileSync(this.#file, JSON.stringify(ahead))
  }
}
