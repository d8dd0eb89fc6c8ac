// Does the lock file install anywhere? It names no registry host, and .npmrc keeps it so.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { installedFrom } from './architecture/lock-file.js'
import { stale } from './tasks/install.mjs'

const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')
const integrity = 'sha512-AA=='

it('names no registry and no URL', () => {
  expect(installedFrom(read('package-lock.json'))).toEqual([])
})

it('a planted registry is found', () => {
  const lock = (entry: object) => JSON.stringify({ packages: { 'node_modules/a': entry } })
  expect(installedFrom(lock({ resolved: 'https://registry.example/a.tgz', integrity }))).toHaveLength(1)
  expect(installedFrom(lock({ version: 'git+ssh://git@host.example/a.git', integrity }))).toHaveLength(1)
  expect(installedFrom(lock({ resolved: 'packages/a', link: true }))).toHaveLength(0)
})

it('.npmrc refuses an unsupported engine and leaves registries out of the lock file', () => {
  const lines = read('.npmrc').split('\n')
  expect(lines).toContain('engine-strict=true')
  expect(lines).toContain('omit-lockfile-registry-resolved=true')
  expect(lines.filter((line) => line.includes('registry='))).toEqual([])
})

it('a stale installation is noticed, another platform is not', () => {
  const a = { version: '1.0.0', integrity }
  const wanted = { packages: { '': {}, 'node_modules/a': a, 'node_modules/b': { ...a, optional: true } } }
  expect(stale(wanted, undefined)).toBeDefined()
  expect(stale(wanted, { packages: {} })).toBeDefined()
  expect(stale(wanted, { packages: { 'node_modules/a': { ...a, version: '1.0.1' } } })).toBeDefined()
  expect(stale(wanted, { packages: { 'node_modules/a': a } })).toBeUndefined()
})
