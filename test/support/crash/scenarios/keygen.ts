// Scenario: a device and a node make a key, and sign. (SPEC 1.2)
import { initNode } from '../../node-process.js'
import type { Scenario } from '../scenario.js'

export const keygen: Scenario = {
  name: 'keygen',
  victims: ['node', 'device'],
  nodes: ['node'],
  pair: { node: 'node', device: 'device' },
  sampledControls: true,
  prepare: async (stage) => {
    await initNode(stage.path('node'))
    return []
  },
  play: async (stage) => {
    const { url } = await stage.node('node')
    const steps = ['one', 'two'].map((message) => ({ step: 'sign', message }) as const)
    return stage.device('device', { node: url, steps })
  },
}
