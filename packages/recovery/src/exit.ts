// How does the program end, and what does each exit code mean?

/** Exit codes; the help text lists them. */
export const EXIT = { ok: 0, failed: 1, usage: 2, passphrase: 3, file: 4, waiting: 5 } as const

/** Ends the program with a code and one line. It never carries a secret. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly exit: keyof typeof EXIT
  /** What `--json` prints besides the message. */
  readonly details: Readonly<Record<string, unknown>>
  constructor(exit: keyof typeof EXIT, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.exit = exit
    this.details = details
  }
}

export const EXIT_HELP = `
Exit codes: 0 as asked; 1 the kit or the key is not what it should be; 2 wrong usage; 3 wrong or missing passphrase, or
no phrase of 24 words; 4 a file cannot be read, is no recovery key, or exists already; 5 the wallet's delay is running:
run the command again later.`
