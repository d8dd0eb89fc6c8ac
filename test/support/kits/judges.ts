// What do both verifiers of recovery kits say? Ours in this process, Python's in one of its own for many kits.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { KitRefused, verifyKit } from '@tercet/recovery/kit-verification'
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
  const python = pythonVerdicts(kits, skip)
  const pythonSeconds = (performance.now() - from) / 1000
  const verdicts: Verdict[] = []
  for (const [i, { bytes }] of kits.entries())
    verdicts.push({ ours: await ourVerdict(bytes), python: python[i] as string })
  return { verdicts, pythonSeconds }
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

function pythonVerdicts(kits: readonly Candidate[], skip: readonly string[]): string[] {
  const program = join(root, 'test/python/verify_kit.py')
  const args = [program, '--lines', ...skip.flatMap((check) => ['--skip', check])]
  const input = kits.map(({ bytes }) => `${Buffer.from(bytes).toString('base64')}\n`).join('')
  const { status, stdout, stderr } = spawnSync('python3', args, {
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  const lines = (stdout ?? '').split('\n').slice(0, -1)
  const inconsistent = lines.some((line) => line !== 'consistent')
  if (lines.length !== kits.length || status !== (inconsistent ? 1 : 0))
    throw new Error(
      `verify_kit.py answered ${lines.length} of ${kits.length} kits, exit ${status}: ${stderr}`,
    )
  return lines
}
