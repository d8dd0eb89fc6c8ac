// What do keygen, presignatures and signatures cost, next to a plain signature and an empty request of the same run?

import process from 'node:process'
import { parseArgs } from 'node:util'
import { type Echo, startEcho } from './echo.js'
import { type Http, POOL_SIGNATURES, startHttp, type Traffic } from './http.js'
import { Samples } from './measure.js'
import { assertVerifies, plainSigner } from './plain.js'
import { type Cost, type Pair, runFresh, runKeygen, runOnline, runPresign } from './protocol.js'
import { KitBench, type Reshare, runReshare, traffic } from './recovery.js'
import { asJson, asTable, type Row } from './report.js'

const USAGE = 'npm run bench -- [--quick] [--json]\n'
const ROUNDS = 9
const QUICK_ROUNDS = 3
const BATCH = 8
const ECHOES = 20
const FRESH_SIGNATURES = 4

/** Everything is measured once a round, the yardsticks too: a machine that slows down slows all of them down. */
class Bench {
  samples = new Samples()
  readonly #costs = new Map<string, Cost>()
  readonly #plain = plainSigner()
  readonly #echo: Echo
  readonly #http: Http
  readonly #kit: KitBench

  constructor(echo: Echo, http: Http, kit: KitBench) {
    this.#echo = echo
    this.#http = http
    this.#kit = kit
  }

  async round(): Promise<void> {
    this.#yardstick()
    const { pair, cost } = runKeygen()
    this.#keep('keygen', cost)
    this.#yardstick()
    this.#presignAndSign(pair)
    this.#yardstick()
    for (let i = 0; i < ECHOES; i++) this.samples.add('echo', await this.#echo.measure())
    this.samples.add('create', await this.#http.create())
    for (let i = 0; i < FRESH_SIGNATURES; i++) this.samples.add('http fresh', await this.#http.sign('fresh'))
    for (let i = 0; i < POOL_SIGNATURES; i++) this.samples.add('http pool', await this.#http.sign('pool'))
    await this.#http.refill()
    this.#yardstick()
    for (const name of ['refresh', 'device lost'] as const) this.samples.add(name, runReshare(name))
    this.samples.add('kit', await this.#kit.ours())
    const python = await this.#kit.python()
    if (python !== undefined) this.samples.add('kit, python', python)
  }

  #yardstick(): void {
    for (let i = 0; i < 3; i++) this.samples.add('plain', this.#plain())
  }

  #presignAndSign(pair: Pair): void {
    for (let i = 0; i < 3; i++) this.#keep('presign 1', runPresign(pair, 1).cost)
    const { presigned, cost } = runPresign(pair, BATCH)
    this.#keep('presign 8', cost)
    for (const one of presigned) {
      const { made, cost } = runOnline(pair, one)
      assertVerifies(made)
      this.#keep('online', cost)
    }
    for (let i = 0; i < 3; i++) {
      const { made, cost } = runFresh(pair)
      assertVerifies(made)
      this.#keep('fresh', cost)
    }
  }

  #keep(name: string, cost: Cost): void {
    this.#costs.set(name, cost)
    this.samples.add(name, cost.device + cost.cosigner)
    this.samples.add(`${name}, device`, cost.device)
    this.samples.add(`${name}, cosigner`, cost.cosigner)
  }

  /** A row of the part in one process; `share` of a batch. */
  local(name: string, key: string, share = 1): Row {
    const { bytes, roundTrips } = this.#costs.get(key) ?? { bytes: Number.NaN, roundTrips: Number.NaN }
    return {
      name,
      group: 'one process',
      milliseconds: this.samples.median(key) / share,
      device: this.samples.median(`${key}, device`) / share,
      cosigner: this.samples.median(`${key}, cosigner`) / share,
      bytes: Math.round(bytes / share),
      roundTrips: roundTrips / share,
      runs: this.samples.count(key),
    }
  }

  /** A row of a reshare, all parties together. */
  reshare(name: string, key: Reshare): Row {
    const milliseconds = this.samples.median(key)
    const sent = traffic(key, this.#kit.bytes)
    return { name, group: 'one process', milliseconds, ...sent, runs: this.samples.count(key) }
  }

  /** A row of what is done to one kit; none where it could not be done. */
  kit(name: string, key: string): Row[] {
    const runs = this.samples.count(key)
    if (runs === 0) return []
    const milliseconds = this.samples.median(key)
    return [{ name, group: 'a kit', milliseconds, bytes: this.#kit.bytes, roundTrips: 0, runs }]
  }

  /** A row of the part over HTTP. */
  remote(name: string, key: string, traffic: Traffic): Row {
    const milliseconds = this.samples.median(key)
    return { name, group: 'over HTTP', milliseconds, ...traffic, runs: this.samples.count(key) }
  }
}

async function measure(
  echo: Echo,
  http: Http,
  kit: KitBench,
  rounds: number,
  json: boolean,
): Promise<string> {
  const begun = performance.now()
  const bench = new Bench(echo, http, kit)
  await bench.round()
  bench.samples = new Samples()
  for (let i = 0; i < rounds; i++) {
    if (process.stderr.isTTY) process.stderr.write(`\rround ${i + 1} of ${rounds} `)
    await bench.round()
  }
  if (process.stderr.isTTY) process.stderr.write('\r')
  const report = {
    yardsticks: { plainSignature: bench.samples.median('plain'), echo: bench.samples.median('echo') },
    rows: [
      bench.local('keygen', 'keygen'),
      bench.local('presign, batch of 1', 'presign 1'),
      bench.local(`presign, batch of ${BATCH}`, 'presign 8'),
      bench.local(`presign, each of ${BATCH}`, 'presign 8', BATCH),
      bench.local('online signature', 'online'),
      bench.local('fresh signature', 'fresh'),
      bench.reshare('refresh', 'refresh'),
      bench.reshare('recovery of a lost device', 'device lost'),
      bench.remote('create a wallet', 'create', await http.traffic('create')),
      bench.remote('signature, pool mode', 'http pool', await http.traffic('pool')),
      bench.remote('signature, fresh mode', 'http fresh', await http.traffic('fresh')),
      ...bench.kit('verified by tercet-recovery', 'kit'),
      ...bench.kit("verified by Python's verifier", 'kit, python'),
    ],
    seconds: (performance.now() - begun) / 1000,
  }
  return json ? `${asJson(report)}\n` : asTable(report)
}

async function main(): Promise<number> {
  let options: { quick: boolean; json: boolean }
  try {
    const boolean = { type: 'boolean', default: false } as const
    options = parseArgs({ options: { quick: boolean, json: boolean } }).values
  } catch {
    process.stderr.write(USAGE)
    return 2
  }
  const echo = await startEcho()
  try {
    const http = await startHttp()
    try {
      const kit = new KitBench(await http.kit())
      const rounds = options.quick ? QUICK_ROUNDS : ROUNDS
      try {
        process.stdout.write(await measure(echo, http, kit, rounds, options.json))
      } finally {
        kit.end()
      }
    } finally {
      await http.stop()
    }
  } finally {
    await echo.stop()
  }
  return 0
}

process.exitCode = await main()
