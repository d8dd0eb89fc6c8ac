// What did a process ask of the kernel, and in which order? strace's lines as events in the order of their completion.
import { readFileSync } from 'node:fs'

/** One system call that came back. */
export interface Call {
  readonly pid: number
  readonly name: string
  /** What stands between the parentheses, as strace prints it. */
  readonly args: string
  readonly result: number
  /** Unix milliseconds, when it came back as far as is known: the line's own time. */
  readonly at: number
}

/**
 * The command that runs a program under strace, every thread of it, into a file. Descriptors are printed with their
 * paths. `more` takes further options, such as `-e inject=...`. The process that is started is the program itself, and
 * strace its descendant: what is signalled, and whose end is seen, is the program.
 */
export function underStrace(file: string, calls: readonly string[], more: readonly string[] = []): string[] {
  return [
    'strace',
    '-D',
    '-f',
    '-y',
    '-ttt',
    '-s',
    '40',
    '-o',
    file,
    '-e',
    `trace=${calls.join(',')}`,
    ...more,
  ]
}

/** Reads what strace wrote so far. A call that another thread's line cut in two is put together again. */
export function readTrace(file: string): Call[] {
  const calls: Call[] = []
  const unfinished = new Map<number, string>()
  for (const line of readFileSync(file, 'latin1').split('\n')) {
    const begun = /^(\d+) +([\d.]+) (.*)$/.exec(line)
    if (begun === null) continue
    const [, pidText = '', time = '', rest = ''] = begun
    const pid = Number(pidText)
    const cut = rest.indexOf(' <unfinished ...>')
    if (cut >= 0) {
      unfinished.set(pid, rest.slice(0, cut))
      continue
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)
    const whole = resumed === null ? rest : `${unfinished.get(pid) ?? ''}${resumed[1]}`
    const call = /^(\w+)\((.*)\) += (-?\d+)/.exec(whole)
    if (call === null) continue
    const [, name = '', args = '', result = ''] = call
    calls.push({ pid, name, args, result: Number(result), at: Number(time) * 1000 })
  }
  return calls
}
