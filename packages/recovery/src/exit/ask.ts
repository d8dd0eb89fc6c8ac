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

/**
 * Says what it means that two shares come together on one machine, and has it confirmed. Over a folder the other share is
 * somewhere else, or its owner has decided otherwise. @throws Refused `failed` where it is not confirmed
 */
export async function confirmOneMachine(link: string, confirmed: boolean | undefined): Promise<void> {
  if (link !== 'loopback') return
  tell(
    '',
    'Device and recovery key are on this one machine: it holds two of the three shares, which is the whole key.',
    'Whoever controls it now can take everything. Two machines and --link FOLDER are safer.',
    'Afterwards move to a new recovery key, made on another machine: the old one has been here.',
    '',
  )
  if (confirmed === true || (await askYes('Go on with this one machine?', '--one-machine'))) return
  throw new Refused('failed', 'not confirmed: nothing was opened', { reason: 'refused' })
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
