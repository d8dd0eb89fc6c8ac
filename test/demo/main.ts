// Does it all work, end to end, and is it true that no key exists anywhere? `npm run demo [-- recovery]`; exit code 0 only if so.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { stopAll } from '../support/processes.js'
import { checkLeaks, newPlanted } from './leak-check.js'
import { createOutput, type Output } from './output.js'
import { tellRecovery } from './recovery-story.js'
import { tellStory } from './story.js'

async function demo(output: Output, folder: string): Promise<void> {
  const planted = newPlanted()
  const remains = await tellStory(output, { folder, planted: planted.text })
  output.heading('No key, anywhere')
  await checkLeaks(output, remains, planted, folder)
}

const TITLES = {
  payment: 'Tercet: a payment signed by two of three shares',
  recovery: 'Tercet: every share is lost once, and the address stays',
} as const

async function main(args: readonly string[]): Promise<number> {
  const [play = 'payment', ...rest] = args
  if ((play !== 'payment' && play !== 'recovery') || rest.length > 0) {
    process.stderr.write('npm run demo [-- recovery]\n')
    return 2
  }
  const output = createOutput()
  const began = performance.now()
  const folder = await mkdtemp(join(tmpdir(), 'tercet-demo-'))
  const interrupted = (signal: NodeJS.Signals) => {
    void stopAll()
      .then(() => rm(folder, { recursive: true, force: true }))
      .finally(() => process.exit(signal === 'SIGINT' ? 130 : 143))
  }
  process.once('SIGINT', interrupted)
  process.once('SIGTERM', interrupted)
  output.heading(TITLES[play])
  try {
    await (play === 'recovery' ? tellRecovery(output, folder) : demo(output, folder))
  } catch (error) {
    process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  const broken = output.broken()
  output.heading(
    broken.length === 0
      ? `Everything was as claimed: ${output.claims()} claims, ${seconds} s.`
      : `NOT as claimed (${broken.length} of ${output.claims()}): ${broken.join('; ')}`,
  )
  return broken.length === 0 ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
