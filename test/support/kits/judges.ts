// What do both verifiers of recovery kits say? Ours in this process, Python's in one of its own for many kits.

import { join } from 'node:path'
import { KitRefused, verifyKit } from '@tercet/recovery/kit-verification'
import { start } from '../processes.js'
import { root } from '../root.js'

/** A kit's bytes with what a test expects of them. */
export interface Candidate {
  readonly name: string
  readonly bytes: Uint8Array
  readonly good: boolean
}

/** `consistent`, or why not. */
export interface Verdict {
  readonly ours: string
  readonly python: string
}

/** What both say to each kit. `skip` leaves checks of the Python verifier out. */
export async function judged(
  kits: readonly Candidate[],
  skip: readonly string[] = [],
): Promise<{ verdicts: Verdict[]; pythonSeconds: number }> {
  const from = performance.now()
  const theirs = pythonVerdicts(kits, skip).then((lines) => ({
    lines,
    pythonSeconds: (performance.now() - from) / 1000,
  }))
  const ours: string[] = []
  for (const { bytes } of kits) ours.push(await ourVerdict(bytes))
  const { lines, pythonSeconds } = await theirs
  return { verdicts: lines.map((python, i) => ({ ours: ours[i] as string, python })), pythonSeconds }
}

/** One line for every kit about which the two disagree, or both are wrong. */
export function disagreements(kits: readonly Candidate[], verdicts: readonly Verdict[]): string[] {
  return kits.flatMap(({ name, good }, i) => {
    const { ours, python } = verdicts[i] as Verdict
    const right = [ours, python].every((said) => (said === 'consistent') === good)
    return right ? [] : [`${name}: ours says "${ours}", Python's "${python}"`]
  })
}

async function ourVerdict(bytes: Uint8Array): Promise<string> {
  try {
    await verifyKit(bytes)
    return 'consistent'
  } catch (error) {
    if (!(error instanceof KitRefused)) throw error
    return `inconsistent: ${error.reason}`
  }
}

async function pythonVerdicts(kits: readonly Candidate[], skip: readonly string[]): Promise<string[]> {
  const program = join(root, 'test/python/verify_kit.py')
  const args = [program, '--lines', ...skip.flatMap((check) => ['--skip', check])]
  const python = start('python3', 'python3', args, { stdio: ['pipe', 'pipe', 'pipe'] })
  python.child.stdin?.end(kits.map(({ bytes }) => `${Buffer.from(bytes).toString('base64')}\n`).join(''))
  const status = await python.ended()
  const lines = python.stdout().split('\n').slice(0, -1)
  const inconsistent = lines.some((line) => line !== 'consistent')
  if (lines.length !== kits.length || status !== (inconsistent ? 1 : 0)) {
    const what = `${lines.length} of ${kits.length} kits, exit ${status}`
    throw new Error(`verify_kit.py answered ${what}: ${python.stderr()}`)
  }
  return lines
}
