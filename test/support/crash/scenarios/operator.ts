// Scenario: a wallet goes to another operator while the old one's node still works; it signs before and after. (SPEC 5.3)
import { initNode, runNodeProgram } from '../../node-process.js'
import { keysAt, type Scenario } from '../scenario.js'

export const operator: Scenario = {
  name: 'change of operator',
  victims: ['old', 'next', 'device'],
  nodes: ['old', 'next'],
  pair: { node: 'next', device: 'device' },
  prepare: async (stage) => {
    await Promise.all([initNode(stage.path('old')), initNode(stage.path('next'))])
    const { identity } = await stage.node('next')
    const { status, stderr } = runNodeProgram('successor', identity, '--data-dir', stage.path('old'))
    if (status !== 0) throw new Error(stderr)
    const { url } = await stage.node('old')
    return stage.device('device', { node: url, steps: [] })
  },
  play: async (stage) => {
    const [old, next] = [await stage.node('old'), await stage.node('next')]
    const sign = (message: string) => ({ step: 'sign', message }) as const
    const change = { step: 'operator', node: next.url, identity: next.identity } as const
    const steps = [sign('before'), change, sign('after')]
    return stage.device('device', { node: old.url, next: next.url, steps })
  },
  faults: (stage) => {
    const kept = keysAt(stage.path('old')).keys.filter(({ shares }) => shares.length > 0)
    return kept.map(({ shares }) => `the old node still has ${shares}`)
  },
}
