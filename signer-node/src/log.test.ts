import { expect, test } from 'vitest'
import { createLog, type LogFields, whereOf } from './log.js'

test('only allowed fields reach the log, as short strings and numbers', () => {
  const lines: string[] = []
  const log = createLog('trace', { write: (line: string) => lines.push(line) })
  const fields = {
    event: 'request',
    status: 200,
    body: 'PLANTED',
    share: { deep: 'PLANTED' },
    route: { toString: () => 'PLANTED' },
    code: 'x'.repeat(1000),
  }
  log.info(fields as unknown as LogFields)
  expect(lines).toHaveLength(1)
  expect(lines[0]).not.toContain('PLANTED')
  const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>
  expect(Object.keys(line).sort()).toEqual(['code', 'event', 'level', 'status', 'time'])
  expect(line['code']).toHaveLength(200)
})

test('an error is told by its place, never by its message', () => {
  const where = whereOf(new TypeError('PLANTED'))
  expect(where).toMatch(/^TypeError at log\.test\.ts:\d+$/)
})
