// Does a wallet live in a page? Chromium, a blank Vite build, IndexedDB, a Web Worker, and a real node. (product, Wallet developer)
import { createReadStream, existsSync, mkdtempSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toBase64url } from '@tercet/wire/base64url'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { recoverMessageAddress } from 'viem'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type NodeProcess, newDataDir, startNode } from '../support/node-process.js'
import { someRecovery } from '../support/recovery.js'
import { suite } from '../support/suite.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
/** A page whose thread is busy for longer feels stuck. */
const LONGEST_GAP_MS = 200
const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' }

const { random, count } = suite('browser')
const folder = temporaryFolder('browser')

/** Serves a folder's files. Returns the origin. */
async function serveFolder(root: string): Promise<{ origin: string; server: Server }> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const file = join(root, pathname === '/' ? 'index.html' : pathname)
    if (!existsSync(file)) return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' })
    return createReadStream(file).pipe(response)
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { origin: `http://localhost:${address.port}`, server }
}

describe('a wallet in Chromium', () => {
  let server: Server
  let origin = ''
  let node: NodeProcess
  let context: BrowserContext
  let page: Page
  const errors: string[] = []

  async function load(): Promise<void> {
    await page.goto(origin)
    await page.waitForFunction(() => 'page' in window)
  }

  beforeAll(async () => {
    const built = join(folder, 'built')
    const source = fileURLToPath(new URL('./page', import.meta.url))
    await build({
      root: source,
      configFile: false,
      logLevel: 'warn',
      build: { outDir: built, emptyOutDir: true },
    })
    const served = await serveFolder(built)
    server = served.server
    origin = served.origin
    const dataDir = await newDataDir(folder, 'node')
    node = await startNode({ dataDir, options: ['--origin', origin] })
    const profile = mkdtempSync(join(folder, 'profile-'))
    context = await chromium.launchPersistentContext(profile, { executablePath: CHROMIUM, args: FLAGS })
    const recovery = someRecovery(random('recovery'))
    await context.exposeFunction('register', async (identity: string) => {
      const { publicKey, proof } = typeof recovery === 'function' ? await recovery({ identity }) : recovery
      const text = (value: string | Uint8Array) => (typeof value === 'string' ? value : toBase64url(value))
      return { publicKey: text(publicKey), proof: text(proof) }
    })
    page = context.pages()[0] ?? (await context.newPage())
    page.on('pageerror', (error) => errors.push(String(error)))
    await load()
  })
  afterAll(async () => {
    await context?.close()
    server?.close()
    await node?.stop()
  })

  let wallet = { id: '', address: '' as `0x${string}`, longestGap: 0 }

  async function signed(message: string) {
    const found = await page.evaluate((text) => window.page.sign(text), message)
    count()
    expect(await recoverMessageAddress({ message, signature: found.serialized })).toBe(wallet.address)
    return found
  }

  it('sees a page that is stuck (positive control)', async () => {
    expect(await page.evaluate(() => window.page.blocked(300))).toBeGreaterThan(LONGEST_GAP_MS)
  })

  it('creates a wallet without holding up the page', async () => {
    wallet = await page.evaluate((url) => window.page.create(url, false), node.url)
    process.stdout.write(`browser: longest gap of the page while creating: ${wallet.longestGap} ms\n`)
    expect(wallet.longestGap).toBeLessThan(LONGEST_GAP_MS)
  })

  it('signs', async () => {
    const { longestGap } = await signed('before the page was loaded again')
    expect(longestGap).toBeLessThan(LONGEST_GAP_MS)
  })

  it('keeps no key that can be taken out', async () => {
    const keys = await page.evaluate(() => window.page.keys())
    expect(keys.map(({ type }) => type).sort()).toEqual(['private', 'secret'])
    expect(keys.every(({ extractable, exported }) => !extractable && !exported)).toBe(true)
  })

  it('opens the wallet and signs after the page was loaded again', async () => {
    await load()
    const opened = await page.evaluate((id) => window.page.open(id), wallet.id)
    expect(opened).toMatchObject({ address: wallet.address, listed: [{ id: wallet.id, state: 'ready' }] })
    expect(opened.longestGap).toBeLessThan(LONGEST_GAP_MS)
    await signed('after the page was loaded again')
  })

  it('shows what the worker is for: without it the page is held up', async () => {
    const inline = await page.evaluate((url) => window.page.create(url, true), node.url)
    process.stdout.write(`browser: longest gap without a worker: ${inline.longestGap} ms\n`)
    expect(inline.longestGap).toBeGreaterThan(LONGEST_GAP_MS)
  })

  it('left no error on the page', () => {
    expect(errors).toEqual([])
  })
})
