import { expect, test } from 'vitest'
import { Refusal } from './refusal.js'
import { type SessionLimits, Sessions } from './sessions.js'

function table(limits: SessionLimits = { kept: 6, open: 4, openPerOwner: 2 }) {
  let time = 0
  const ended: string[] = []
  const sessions = new Sessions<null>(
    limits,
    () => time,
    ({ id }) => ended.push(id),
  )
  const open = (id: string, wallet: string) =>
    sessions.create({ id, opType: 'fresh', device: 'd', wallet, data: null }, 10)
  return { sessions, ended, open, pass: (seconds: number) => (time += seconds * 1000) }
}

test('open sessions are bounded in total and for one wallet', () => {
  const { sessions, open } = table()
  open('a', 'w')
  const second = open('b', 'w')
  expect(() => open('c', 'w')).toThrow(Refusal)
  sessions.end(second)
  open('c', 'w')
  open('d', 'x')
  open('e', 'x')
  expect(() => open('f', 'y')).toThrow(Refusal)
})

test('kept answers count against the memory budget', () => {
  const { sessions, open } = table()
  for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) sessions.end(open(id, id))
  expect(() => open('g', 'g')).toThrow(Refusal)
})

test('a deadline ends a session and drops its state, once', () => {
  const { sessions, ended, open, pass } = table()
  open('a', 'w')
  expect(sessions.find('a', 'd')?.id).toBe('a')
  expect(sessions.find('a', 'other device')).toBeUndefined()
  pass(10)
  expect(sessions.find('a', 'd')).toBeUndefined()
  sessions.sweep()
  expect(ended).toEqual(['a'])
})

test('ending by a burn says why, and the session stays ended', () => {
  const { sessions, ended, open } = table()
  const session = open('a', 'w')
  sessions.endWhere(({ wallet }) => wallet === 'w', 'burned')
  sessions.end(session)
  expect(session).toMatchObject({ open: false, ended: 'burned', next: 0 })
  expect(ended).toEqual(['a'])
})

test('where anyone may open, the oldest gives way once it is no longer safe', () => {
  const { sessions, ended, open, pass } = table({ kept: 9, open: 2, openPerOwner: 2, safeSeconds: 3 })
  open('a', 'w')
  pass(2)
  open('b', 'x')
  expect(() => open('c', 'y')).toThrow(Refusal)
  pass(1)
  open('c', 'y')
  expect(ended).toEqual(['a'])
  expect(() => open('d', 'z')).toThrow(Refusal)
  expect(sessions.find('b', 'd')).toBeDefined()
})

test('sessions of one message give way long before those that went on, and not to a caller over its own bound', () => {
  const limits = { kept: 9, open: 3, openPerOwner: 2, safeSeconds: 100, safeUnstartedSeconds: 2 }
  const { sessions, ended, open, pass } = table(limits)
  const first = open('a', 'w')
  first.kept.set(3, { requestHash: '', reply: undefined, bytes: 0 })
  open('b', 'x')
  open('c', 'x')
  pass(2)
  expect(() => open('d', 'x')).toThrow(Refusal)
  expect(ended).toEqual([])
  open('d', 'y')
  open('e', 'z')
  expect(ended).toEqual(['b', 'c'])
  expect(() => open('f', 'v')).toThrow(Refusal)
  expect(sessions.find('a', 'd')).toBeDefined()
})
