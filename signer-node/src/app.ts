// How do the parts become one serving node, and how does it stop? (stack trap 9; security.md 5; invariant I20)

import { randomFillSync } from 'node:crypto'
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { assertRandom, type Random } from '@tercet/protocol/random'
import { toBase64url } from '@tercet/wire/base64url'
import { DEFAULT_POLICY, policyHash } from '@tercet/wire/policy'
import { contradictions } from './audit/cross-check.js'
import { createClockWatch } from './clock-watch.js'
import { type Config, filesOf, LIMITS } from './config.js'
import { startEngine } from './engine/engine.js'
import { createGate } from './http/auth.js'
import { createExchange } from './http/exchange.js'
import { createRoutes } from './http/routes.js'
import { createKeygen } from './keys.js'
import { createLocks } from './lock.js'
import { type Log, whereOf } from './log.js'
import { createMetrics } from './metrics.js'
import { type Clock, type Node, systemClock } from './node.js'
import { createOtSetups } from './ot-setups.js'
import { createPairs } from './pairs.js'
import { createRecovery } from './recovery/recovery.js'
import { EXIT, StartRefused } from './refusal.js'
import { createReshare } from './reshare/reshare.js'
import { createSealer, createTagger } from './seal.js'
import { createSigning } from './signing.js'
import { openGeneration } from './store/generation.js'
import { loadIdentity } from './store/identity.js'
import { openJournal } from './store/journal.js'
import { forgetNonces } from './store/nonces.js'
import { holdServingLock, migrateDatabase, openStore, syncFolder } from './store/open.js'
import { countUnconfirmed, isRegistered } from './store/wallets.js'
import { readWrappingKey } from './wrapping-key.js'

/** Stored nonces of requests this old are forgotten, at a start and every hour: their `created` is refused long since. */
const NONCE_DAYS = 7

/** The line that `start` prints. */
export interface StartLine {
  readonly port: number
  readonly metricsPort: number
  readonly pid: number
  /** The node's identity, 34 bytes in base64url. */
  readonly identity: string
}

export interface Serving {
  readonly line: StartLine
  /** Lets running requests end, then closes everything. */
  stop(): Promise<void>
}

/**
 * Starts the node.
 * @param end called when the node must not go on: a storage error or a lost worker
 * @throws StartRefused
 */
export async function serve(config: Config, log: Log, end: (exitCode: number) => void): Promise<Serving> {
  const random: Random = (length) => randomFillSync(new Uint8Array(length))
  refuseBroken(random)
  const files = filesOf(config)
  const wrappingKey = readWrappingKey(files.wrappingKey)
  const unlock = holdServingLock(files.serving)
  let serving: Node | undefined
  const failStop = (event: string, where: string, exitCode: number) => {
    // The store may fail before there is a node.
    if (serving !== undefined) serving.notReady = 'storage'
    log.error({ event, where })
    // Answers that are under way say `storage`; nothing is acknowledged any more.
    setTimeout(() => end(exitCode), 100)
  }
  const tagger = createTagger(wrappingKey)
  migrateDatabase(files.database, tagger)
  const store = openStore(files.database, tagger, (error) =>
    failStop('storage', whereOf(error), EXIT.storage),
  )
  store.states.onTampered = (keyId) => log.error({ event: 'tampered', wallet: toBase64url(keyId) })
  syncFolder(config.dataDir)
  const clock = systemClock()
  const identity = await loadIdentity(store, createSealer(wrappingKey, random))
  const engine = startEngine({
    wrappingKey,
    setupStates: LIMITS.openKeygens + LIMITS.openSessions + 64,
    signingStates: LIMITS.presignatures + LIMITS.keptSessions,
    keys: 256,
    onExit: (role) => failStop('worker', role, EXIT.failed),
  })
  wrappingKey.fill(0)
  const node: Node = {
    identity,
    store,
    engine,
    log,
    metrics: createMetrics(),
    clock,
    random,
    exclusively: createLocks(),
    policyHash: policyHash(DEFAULT_POLICY),
    started: await servingFrom(clock),
    address: '',
    notReady: 'starting',
  }
  serving = node
  const pairs = createPairs(node)
  const keygen = createKeygen(node)
  const otSetups = createOtSetups(node, pairs)
  const signing = createSigning(node, pairs)
  const lookAtClocks = createClockWatch(Date.now, clock.monotonic, () => {
    log.warn({ event: 'clock-jump' })
    pairs.dropAll()
    keygen.sessions.endWhere(() => true, 'unknown-session')
    otSetups.sessions.endWhere(() => true, 'unknown-session')
    reshare.sessions.endWhere(() => true, 'unknown-session')
    recovery.dropAll()
  })
  const gate = createGate(node, (identity) => isRegistered(store, identity))
  const admit: typeof gate.admit = (head, body) => {
    lookAtClocks()
    return gate.admit(head, body)
  }
  // Nobody but the device, which a thief may hold, would hear of a claim.
  if (config.noticeUrl === undefined) log.warn({ event: 'no-notice-url' })
  const recovery = createRecovery(node, { noticeUrl: config.noticeUrl, successors: files.successors }, pairs)
  const exchange = createExchange(node, { ...gate, admit }, recovery.claims.isNoticed)
  const reshare = createReshare(node, pairs, recovery.claims, recovery.isSuccessor)
  const operations = { keygen, otSetups, signing, reshare, recovery: recovery.routes }
  const app = createRoutes(node, exchange, operations, config)

  const generation = await openGeneration(files.generation, store)
  store.onHead = generation.note
  const journal = openJournal(files.journal)
  store.states.onEpoch = journal.note
  const [first] = await contradictions(store)
  if (first !== undefined) {
    throw new StartRefused(
      `${first.what} of wallet ${first.wallet} contradict the audit log: run \`tercet-node doctor\``,
    )
  }
  const prune = async (): Promise<void> => {
    await forgetNonces(store, clock.now() - NONCE_DAYS * 86_400)
    const unconfirmed = await countUnconfirmed(store, clock.now() - LIMITS.unconfirmedSeconds)
    node.metrics.unconfirmedEpochs.set(unconfirmed)
  }
  await prune()
  await recovery.start()
  const pruning = setInterval(() => void prune().catch(() => undefined), 3_600_000)
  pruning.unref()

  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: {
      maxHeaderSize: 16_384,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 10_000,
      // How often the time-outs above are looked at; the default of 30 s would triple them.
      connectionsCheckingInterval: 2_000,
    },
  }) as Server
  server.maxConnections = LIMITS.connections
  const metricsServer = createMetricsServer(node)
  const port = await listen(server, config.port, config.host)
  const metricsPort = await listen(metricsServer, config.metricsPort, config.host)
  node.address =
    config.publicAddress ?? `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`
  node.notReady = undefined

  const upkeep = setInterval(() => {
    for (const { sweep } of [
      pairs,
      { sweep: () => keygen.sessions.sweep() },
      { sweep: () => otSetups.sessions.sweep() },
      { sweep: () => reshare.sessions.sweep() },
    ])
      sweep()
    node.metrics.sessions.set(
      [pairs, keygen, otSetups, reshare].reduce((sum, { sessions }) => sum + sessions.counts.open, 0),
    )
    node.metrics.presignatures.set(pairs.count)
  }, 5_000)
  upkeep.unref()
  const watch = setInterval(lookAtClocks, 1_000)
  watch.unref()
  // A storage error ends the process by itself.
  const claimsClock = setInterval(() => void recovery.tick().catch(() => undefined), 5_000)
  claimsClock.unref()

  return {
    line: { port, metricsPort, pid: process.pid, identity: toBase64url(identity.publicIdentity) },
    async stop() {
      node.notReady = node.notReady ?? 'draining'
      clearInterval(upkeep)
      clearInterval(pruning)
      clearInterval(watch)
      clearInterval(claimsClock)
      await recovery.stop()
      await Promise.all([close(server), close(metricsServer)])
      await engine.close()
      await store.close()
      generation.close()
      journal.close()
      unlock()
    },
  }
}

/** @throws StartRefused */
function refuseBroken(random: Random): void {
  try {
    assertRandom(random)
  } catch {
    throw new StartRefused('the random generator of this machine is broken: it repeats itself', EXIT.failed)
  }
}

function createMetricsServer({ metrics: { registry } }: Node): Server {
  const server = createServer({ headersTimeout: 5_000, requestTimeout: 10_000 }, (request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end()
      return
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    )
  })
  server.maxConnections = 32
  return server
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', () => reject(new StartRefused(`cannot listen on ${host}, port ${port}`)))
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      resolve((server.address() as AddressInfo).port)
    })
  })
}

/** Idle keep-alive connections would hold a closing server for seconds, so they are closed until none is left. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const idle = setInterval(() => server.closeIdleConnections(), 50)
    const hard = setTimeout(() => server.closeAllConnections(), LIMITS.drainSeconds * 1000)
    server.close(() => {
      clearInterval(idle)
      clearTimeout(hard)
      resolve()
    })
    server.closeIdleConnections()
  })
}

/**
 * Waits until no message that a predecessor took can be taken again, for its nonces are forgotten: `created` counts whole
 * seconds, and may lie a little in the future. Returns the first second that is served.
 */
async function servingFrom(clock: Clock): Promise<number> {
  const before = clock.now()
  while (clock.now() <= before + LIMITS.clockAheadSeconds)
    await new Promise((resolve) => setTimeout(resolve, 20))
  return clock.now()
}
