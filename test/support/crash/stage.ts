// Where does a scenario play? Real processes by role, each on files of its own; one of them may be killed once. (security.md 5)
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type DeviceEvent, type DeviceTask, eventsOf, startDevice } from '../device-process.js'
import { type NodeOptions, type NodeProcess, startNode } from '../node-process.js'
import type { Program } from '../processes.js'
import { type Call, readTrace, underStrace } from '../trace.js'
import { DURABLE, killAt, type Point } from './points.js'

/** One death: of whom, and where. */
export interface Crash {
  readonly victim: string
  readonly point: Point
  /** A node is back only after the others gave up, not at once. When anyone else dies, the nodes die too. */
  readonly worse: boolean
}

/** What every run of a stage may be told. */
export interface StageOptions {
  readonly crash?: Crash
  /** Roles whose durable calls are counted. */
  readonly traced?: readonly string[]
  /** Options of Node for the nodes: what a broken variant loads. */
  readonly nodeOptions?: readonly string[]
  /** What a broken device does wrong. */
  readonly flaw?: DeviceTask['flaw']
}

/** Calls that come after the last answer still belong to the operation; a kill that is due then is waited for. */
const TRAILING_MS = 2000

export class Stage {
  readonly folder: string
  readonly #options: StageOptions
  readonly #nodes = new Map<string, NodeProcess>()
  readonly #back: Promise<string[]>[] = []
  readonly #traced = new Map<string, Program>()
  #rescued = false

  constructor(folder: string, options: StageOptions = {}) {
    this.folder = folder
    this.#options = options
    mkdirSync(folder, { mode: 0o700, recursive: true })
  }

  /** The same files in another folder; nothing of the original may run. */
  copy(folder: string, options: StageOptions): Stage {
    const stage = new Stage(folder, options)
    cpSync(this.folder, folder, { recursive: true })
    return stage
  }

  path(...names: readonly string[]): string {
    return join(this.folder, ...names)
  }

  /** The node on the data folder of this name; it keeps its port for as long as the stage stands. */
  async node(role: string, options: Partial<NodeOptions> = {}): Promise<NodeProcess> {
    const running = this.#nodes.get(role)
    if (running !== undefined) return running
    const { crash, nodeOptions = [] } = this.#options
    const under = this.#under(role)
    const node = await startNode({ dataDir: this.path(role), nodeOptions, under, ...options })
    this.#nodes.set(role, node)
    if (under.length > 0) this.#traced.set(role, node.program)
    if (crash?.victim === role && !crash.worse) this.#restart(role, node)
    return node
  }

  /** Starts a process of a role; the command that it runs under is empty except where it is traced or killed. */
  launch(role: string, begin: (under: readonly string[]) => Program): Program {
    const under = this.#under(role)
    const program = begin(under)
    if (under.length > 0) this.#traced.set(role, program)
    return program
  }

  /** Runs the device of a role to its end, or until it is `stopped`, on the file of that name. What it said. */
  async device(
    role: string,
    task: Omit<DeviceTask, 'file' | 'flaw'>,
    stopped: Promise<unknown> = new Promise(() => {}),
  ): Promise<DeviceEvent[]> {
    const { flaw } = this.#options
    mkdirSync(this.path(role), { mode: 0o700, recursive: true })
    const file = this.path(role, 'wallet')
    // One thread for files: its calls are then counted in one order.
    const environment = { UV_THREADPOOL_SIZE: '1' }
    const program = this.launch(role, (under) =>
      startDevice({ ...task, file, ...(flaw === undefined ? {} : { flaw }) }, { under, environment }),
    )
    await Promise.race([program.ended(), stopped.then(() => program.stop())])
    return eventsOf(program)
  }

  /** The durable calls of a traced role so far: those of a node alone where `pid` is given. */
  calls(role: string, pid?: number): Call[] {
    return readTrace(this.path(`${role}.trace`)).filter((call) => pid === undefined || call.pid === pid)
  }

  /**
   * Starts again what was killed, if it was; nobody is killed any more. What did not start again, or undefined when the
   * death did not come.
   */
  async rescue(): Promise<string[] | undefined> {
    this.#rescued = true
    const { crash } = this.#options
    if (crash === undefined) return undefined
    const program = this.#traced.get(crash.victim)
    const ended = await Promise.race([program?.ended(), pause(TRAILING_MS)])
    if (ended !== 'SIGKILL') return undefined
    if (crash.worse) {
      for (const [role, node] of this.#nodes) {
        void node.kill()
        this.#restart(role, node)
      }
    }
    return (await Promise.all(this.#back)).flat()
  }

  /** Ends all nodes. The exit codes by role. */
  async end(): Promise<Record<string, number | string>> {
    const ends = await Promise.all(
      [...this.#nodes].map(async ([role, node]) => [role, await node.stop()] as const),
    )
    this.#nodes.clear()
    return Object.fromEntries(ends)
  }

  /** Deletes all files. */
  clear(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Starts a node again once it has ended. */
  #restart(role: string, node: NodeProcess): void {
    const again = node.restart().then((running) => {
      this.#nodes.set(role, running)
      return []
    })
    this.#back.push(again.catch((error: unknown) => [`${role} does not start again: ${error}`.trim()]))
  }

  #under(role: string): string[] {
    const { crash, traced = [] } = this.#options
    const dies = crash?.victim === role && !this.#rescued && !this.#traced.has(role)
    if (!dies && !traced.includes(role)) return []
    return underStrace(this.path(`${role}.trace`), DURABLE, dies ? killAt(crash.point) : [])
  }
}
