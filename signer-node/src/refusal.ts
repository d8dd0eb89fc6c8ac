// How does any part of the node say no, with a code of the one table? (architecture, Errors)

import type { Code } from '@tercet/wire/codes'
import type { Problem } from '@tercet/wire/problem'

/** A refusal that the caller is told of. It carries a code and, at most, a field's name: never a value. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: Code
  readonly extra: Omit<Problem, 'code'>

  constructor(code: Code, extra: Omit<Problem, 'code'> = {}) {
    super(code)
    this.code = code
    this.extra = extra
  }
}

/** The operator's mistake or the machine's: the program ends with `exitCode` and this one line. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused'
  readonly exitCode: number

  constructor(message: string, exitCode: number = EXIT.refused) {
    super(message)
    this.exitCode = exitCode
  }
}

/** Exit codes of the program; the help texts list them. */
export const EXIT = { ok: 0, failed: 1, usage: 2, refused: 3, serving: 4, storage: 5 } as const
