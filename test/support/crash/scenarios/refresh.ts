// Scenario: a device and a node get new shares of the same key, and sign before and after. (SPEC 5.2)
import { initNode } from '../../node-process.js'
import type { Scenario } from '../scenario.js'

export const refresh: Scenario = {
  name: 'refresh',
  victims: ['node', 'device'],
  nodes: ['node'],
  pair: { node: 'node', device: 'device' },
  sampledControls: true,
  prepare: async (stage) => {
    await initNode(stage.path('node'))
    const { url } = await stage.node('node')
    return stage.device('device', { node: url, steps: [] })
  },
  play: async (stage) => {
    const { url } = await stage.node('node')
    const sign = (message: string) => ({ step: 'sign', message }) as const
    return stage.device('device', { node: url, steps: [sign('before'), { step: 'refresh' }, sign('after')] })
  },
}
