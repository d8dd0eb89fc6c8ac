// How does the program ask a person a question that can be answered aloud: yes or no, or a sentence typed back?

import process from 'node:process'
import { createInterface } from 'node:readline/promises'
import { Refused } from '../exit.js'
import { hasTerminal, tell } from '../terminal.js'

/** Whether the person types `y` or `yes`; everything else is a no. @throws Refused `usage` where nobody can be asked */
export async function askYes(question: string, flag: string): Promise<boolean> {
  return /^y(es)?$/i.test((await askLine(`${question} [y/N] `, flag)).trim())
}

/** Whether the person types exactly this sentence. @throws Refused `usage` where nobody can be asked */
export async function askSentence(sentence: string, flag: string): Promise<boolean> {
  tell(`To go on, type this sentence: ${sentence}`)
  return (await askLine('> ', flag)).trim() === sentence
}

/** Refuses before any work is done where a question will have to be asked and cannot be. @throws Refused `usage` */
export function assertCanAsk(flag: string): void {
  if (!hasTerminal()) throw new Refused('usage', `no terminal to ask at: ${flag} answers beforehand`)
}

async function askLine(question: string, flag: string): Promise<string> {
  assertCanAsk(flag)
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await lines.question(question)
  } finally {
    lines.close()
  }
}
