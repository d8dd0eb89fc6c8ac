// Are the installed packages those of the lock file? If not, `npm ci`. Uses nothing outside Node.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Why the installation does not match the lock file, or undefined when it does. `wanted` is
 * package-lock.json, `installed` is node_modules/.package-lock.json (undefined when absent).
 */
export function stale(wanted, installed) {
  if (installed === undefined) return 'nothing is installed'
  const present = installed.packages ?? {}
  for (const [path, entry] of Object.entries(wanted.packages ?? {})) {
    if (!path.includes('node_modules/')) continue
    const found = present[path]
    // Optional packages are for other platforms as often as not; npm decided about them.
    if (found === undefined && entry.optional === true) continue
    if (found === undefined) return `${path} is missing`
    if (found.version !== entry.version || found.integrity !== entry.integrity)
      return `${path} is another version`
  }
  return undefined
}

/** Runs `npm ci` when the installed packages are absent or stale; false when that failed. */
export function installIfNeeded() {
  const wanted = readJson(join(root, 'package-lock.json'))
  const reason = stale(wanted, readJson(join(root, 'node_modules/.package-lock.json')))
  if (reason === undefined) return true
  process.stderr.write(`Installing (${reason}) ...\n`)
  const { status } = npm(['ci', '--no-audit', '--no-fund'])
  if (status !== 0) process.stderr.write('npm ci failed; nothing was run.\n')
  return status === 0
}

function npm(args) {
  // Under `npm run` this is the npm that started us; its file runs on any platform without a shell.
  const script = process.env.npm_execpath
  if (script?.endsWith('.js') === true) {
    return spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' })
  }
  return spawnSync('npm', args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' })
}

function readJson(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
}
