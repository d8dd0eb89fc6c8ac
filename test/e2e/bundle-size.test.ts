// How large is the client in a page? The core entry is bundled for browsers, and its gzip size has a limit.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { expect, it } from 'vitest'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = join(here, '../..')
// Inside the repository, so that the packages are found; ignored by git.
const scratch = join(root, '.tercet')
const limit = 80_000

/** Bundles a module's text for browsers and gives the text of everything it needs at start. */
async function bundle(source: string): Promise<string> {
  await mkdir(scratch, { recursive: true })
  const folder = await mkdtemp(join(scratch, 'bundle-'))
  try {
    const entry = join(folder, 'entry.js')
    await writeFile(entry, source)
    const result = await build({
      root: folder,
      configFile: false,
      logLevel: 'error',
      build: {
        write: false,
        lib: { entry, formats: ['es'] },
        rolldownOptions: { external: [] },
        minify: true,
      },
    })
    const [output] = [result].flat()
    if (output === undefined || !('output' in output)) throw new Error('nothing was bundled')
    return neededAtStart(output.output)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

type Output = Extract<Awaited<ReturnType<typeof build>>, { output: unknown }>['output']

/** The entry and everything that it imports statically; what is imported on demand loads only when it is used. */
function neededAtStart(output: Output): string {
  const chunks = new Map(output.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file]] : [])))
  const needed = new Set<string>()
  const visit = (name: string): void => {
    if (needed.has(name)) return
    needed.add(name)
    for (const imported of chunks.get(name)?.imports ?? []) visit(imported)
  }
  for (const chunk of chunks.values()) if (chunk.isEntry) visit(chunk.fileName)
  return [...needed].map((name) => chunks.get(name)?.code ?? '').join('')
}

const gzipBytes = (text: string) => gzipSync(text, { level: 9 }).length

it('a large module is measured as large', async () => {
  const noise = Array.from({ length: 40_000 }, (_, index) => Math.imul(index, 2_654_435_761) >>> 0)
  expect(gzipBytes(await bundle(`export const noise = '${noise.join()}'`))).toBeGreaterThan(limit)
})

it('a Node module in the bundle is found', async () => {
  const text = await bundle(
    "import { readFileSync } from 'node:fs'; export const a = () => readFileSync('a')",
  )
  expect(usesNode(text)).toBe(true)
})

// What is bundled is the built package, as an application installs it.
it('the client is at most 80 kB gzip and needs nothing of Node', async () => {
  const text = await bundle("export { Wallet } from '@tercet/client'")
  const size = gzipBytes(text)
  process.stdout.write(`@tercet/client: ${(size / 1000).toFixed(1)} kB gzip\n`)
  expect(usesNode(text)).toBe(false)
  expect(size).toBeLessThanOrEqual(limit)
})

/** Vite replaces a Node module by a stub that names it. */
function usesNode(text: string): boolean {
  return /__vite-browser-external|node:[a-z]/.test(text)
}
