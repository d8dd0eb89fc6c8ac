import { expect, test } from 'vitest'
import { filesOf, parseOrigin, parsePort, parsePublicAddress } from './config.js'
import { StartRefused } from './refusal.js'

test('ports', () => {
  expect(parsePort('0', '--port')).toBe(0)
  expect(parsePort('65535', '--port')).toBe(65535)
  for (const text of ['', '-1', '65536', '80a', '1e3', ' 80']) {
    expect(() => parsePort(text, '--port')).toThrow(StartRefused)
  }
})

test('origins are spelled as browsers send them', () => {
  expect(parseOrigin('https://wallet.example')).toBe('https://wallet.example')
  for (const text of [
    '*',
    'null',
    'https://wallet.example/',
    'wallet.example',
    'ftp://a',
    'https://A.example',
  ]) {
    expect(() => parseOrigin(text)).toThrow(StartRefused)
  }
})

test('public addresses', () => {
  expect(parsePublicAddress('https://node.example/tercet/')).toBe('https://node.example/tercet')
  for (const text of ['node.example', 'https://node.example/?a', 'file:///a', `https://${'a'.repeat(600)}`]) {
    expect(() => parsePublicAddress(text)).toThrow(StartRefused)
  }
})

test('what notices a restore lies where it is told, or beside a wrapping key that lies elsewhere', () => {
  const place = { dataDir: '/data' }
  expect(filesOf(place)).toMatchObject({ wrappingKey: '/data/wrapping.key', generation: '/data/generation' })
  const elsewhere = { ...place, wrappingKeyFile: '/keys/node' }
  expect(filesOf(elsewhere)).toMatchObject({
    wrappingKey: '/keys/node',
    generation: '/keys/node.generation',
    journal: '/keys/node.generation.epochs',
  })
  expect(filesOf({ ...elsewhere, generationFile: '/g' })).toMatchObject({
    generation: '/g',
    journal: '/g.epochs',
  })
})
