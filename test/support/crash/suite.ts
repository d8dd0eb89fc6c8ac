// Does a scenario come out well whoever dies at whichever durable call? All points in a deep run, else a sample. (SPEC 5.2)
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { builtProgram } from '../device-process.js'
import { below } from '../random.js'
import { DEEP, type Suite } from '../suite.js'
import { type Point, pointsOf } from './points.js'
import { faults, only, type Scenario } from './scenario.js'
import { type Crash, Stage, type StageOptions } from './stage.js'

/** Points of every victim, in a run that is not deep. */
const SAMPLE = 1
/** Of one test; a death and what follows take ten seconds, and a minute on a busy machine. */
const TIMEOUT_MS = DEEP ? 6 * 3_600_000 : 1_800_000
const WORSE = { node: ', back later', other: ', and the nodes with it' } as const
/** Points that a broken variant may pass before it is caught. */
const PATIENCE = 12

/** Deliberately broken programs: which role is broken, and how. */
const BROKEN: Readonly<Record<string, Broken>> = {
  'a node that answers before its commit': {
    as: 'node',
    options: { nodeOptions: ['--import', builtProgram('late-commit')] },
    // Every answer is worth nothing, the last one too.
    order: (points) => points.filter(({ call }) => call === 'pwrite64').toReversed(),
  },
  'a device that goes on before its store has written': {
    as: 'device',
    options: { flaw: 'late-storage' },
    // Its share is among the first that it writes.
    order: (points) => points.filter(({ call }) => call === 'rename'),
  },
}

interface Broken {
  readonly as: 'node' | 'device'
  readonly options: StageOptions
  /** Where it is looked for, soonest first. */
  order(points: readonly Point[]): readonly Point[]
}

/** Declares the tests of a scenario. */
export function crashTests(scenario: Scenario, suite: Suite, folder: string): void {
  const { name, victims } = scenario
  const say = (text: string) => process.stdout.write(`crash: ${name}: ${text}\n`)
  const at = (...names: readonly (string | number)[]) => join(folder, [name, ...names].join('-'))

  const isNode = (role: string) => scenario.nodes.includes(role)

  describe(`${name}, killed at a durable call`, () => {
    let prepared: Stage
    let begun: Awaited<ReturnType<Scenario['prepare']>> = []
    let points = new Map<string, Point[]>()

    beforeAll(async () => {
      prepared = new Stage(at('prepared'))
      begun = await scenario.prepare(prepared)
      await prepared.end()
      points = await countPoints('whole', {})
    })

    /** Plays it once without a death. The durable calls of every victim, from when the nodes were up. */
    async function countPoints(label: string, options: StageOptions): Promise<Map<string, Point[]>> {
      const stage = prepared.copy(at(label), { ...options, traced: victims })
      const before = new Map<string, ReturnType<Stage['calls']>>()
      const pids = new Map<string, number>()
      for (const role of scenario.nodes) {
        const { pid } = await stage.node(role)
        pids.set(role, pid)
        before.set(role, stage.calls(role, pid))
      }
      const events = await scenario.play(stage)
      const counted = victims.map((role) => {
        return [role, pointsOf(stage.calls(role, pids.get(role)), before.get(role))] as const
      })
      expect(await faults(scenario, stage, begun, events)).toEqual([])
      return new Map(counted)
    }

    /** One death and what follows. What is wrong, or undefined where the death did not come. */
    async function crashed(
      crash: Crash,
      label: string,
      options: StageOptions,
    ): Promise<string[] | undefined> {
      const { victim, point, worse } = crash
      const stage = prepared.copy(at(label, victim, point.call, point.nth, worse ? 'worse' : 'plain'), {
        ...options,
        crash,
      })
      for (const role of scenario.nodes) await stage.node(role)
      const first = await scenario.play(stage)
      const found = await stage.rescue()
      if (found === undefined) {
        await stage.end()
        return undefined
      }
      const last = found.length > 0 ? [] : await scenario.play(stage)
      if (found.length > 0) await stage.end()
      else found.push(...(await faults(scenario, stage, [...begun, ...first], last)))
      const codes = [...only(first, 'failed'), ...only(last, 'refused')].map(({ code }) => code)
      const what = `${victim}, ${point.call} ${point.nth}${worse ? WORSE[isNode(victim) ? 'node' : 'other'] : ''}`
      say(`${what}: ${codes.join(', ') || 'unnoticed'}${found.map((text) => `; ${text}`).join('')}`)
      stage.clear()
      return found.map((text) => `${what}: ${text}`)
    }

    it.each(victims)(
      '%s: both sides agree, the address is the same, and they sign',
      { timeout: TIMEOUT_MS },
      async (victim) => {
        const all = points.get(victim) ?? []
        say(`${victim}: ${all.length} points`)
        expect(all.length).toBeGreaterThan(4)
        const chosen = suite.some(`${name}/${victim}`, all, SAMPLE)
        const found: string[] = []
        let missed = 0
        for (const point of chosen) {
          const one = below(suite.random(`${name}/${victim}/${point.call}/${point.nth}`), 2) === 0
          for (const worse of DEEP ? [false, true] : [one]) {
            const wrong = await crashed({ victim, point, worse }, 'point', {})
            if (wrong === undefined) missed++
            else suite.count()
            found.push(...(wrong ?? []))
          }
        }
        if (missed > 0) say(`${victim}: ${missed} deaths did not come: fewer calls than counted`)
        expect(missed).toBeLessThanOrEqual(Math.ceil(chosen.length / 50))
        suite.violations(found)
      },
    )

    if (!DEEP && scenario.sampledControls !== true) return
    const broken = Object.entries(BROKEN).flatMap(([what, { as, ...control }]) =>
      victims.includes(scenario.pair[as]) ? [{ what, victim: scenario.pair[as], ...control }] : [],
    )
    it.each(broken)(
      'flags $what (positive control)',
      { timeout: TIMEOUT_MS },
      async ({ what, victim, options, order }) => {
        const all = (await countPoints(`control-${victim}`, options)).get(victim) ?? []
        let found: string[] = []
        for (const point of order(all).slice(0, PATIENCE)) {
          found = (await crashed({ victim, point, worse: false }, 'control', options)) ?? []
          if (found.length > 0) break
        }
        expect(found, what).not.toEqual([])
      },
    )
  })
}
