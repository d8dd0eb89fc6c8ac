// How does the program ask a person? On the terminal's error stream, so that the answer stream stays for the report.

import process from 'node:process'
import { Refused } from './exit.js'

/** Whether a person can be asked. */
export function hasTerminal(): boolean {
  return process.stdin.isTTY === true
}

/** Says something to the person and not to the program that reads the report. */
export function tell(...lines: readonly string[]): void {
  process.stderr.write(`${lines.join('\n')}\n`)
}

/** One line, typed without echo. @throws Refused where there is no terminal, or on Ctrl-C */
export async function askHidden(name: string): Promise<string> {
  const { stdin, stderr } = process
  if (!hasTerminal()) throw new Refused('usage', `no terminal to ask for the ${name}: give a file descriptor`)
  // Echo is off before the question is seen, so that a quick answer is not shown.
  stdin.setRawMode(true)
  stderr.write(`${name}: `)
  stdin.setEncoding('utf8')
  let typed = ''
  try {
    for await (const chunk of stdin.iterator({ destroyOnReturn: false })) {
      for (const letter of String(chunk)) {
        if (letter === '\r' || letter === '\n' || letter === '\u0004') return typed
        if (letter === '\u0003') throw new Refused('failed', 'interrupted')
        if (letter === '\u007f' || letter === '\b') typed = typed.slice(0, -1)
        else typed += letter
      }
    }
    return typed
  } finally {
    stdin.setRawMode(false)
    stdin.pause()
    stderr.write('\n')
  }
}
