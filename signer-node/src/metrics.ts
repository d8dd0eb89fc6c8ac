// What does the node count? Rates, durations and sizes of its tables, never who. (product, operating)

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  return {
    registry,
    requests: new Counter({
      name: 'tercet_http_requests_total',
      help: 'HTTP requests by route and outcome',
      labelNames: ['route', 'code'] as const,
      registers,
    }),
    duration: new Histogram({
      name: 'tercet_http_request_duration_seconds',
      help: 'Time from the first byte of a request to its answer',
      labelNames: ['route'] as const,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    decisions: new Counter({
      name: 'tercet_decisions_total',
      help: 'Decisions on signing requests',
      labelNames: ['decision'] as const,
      registers,
    }),
    aborts: new Counter({
      name: 'tercet_protocol_aborts_total',
      help: 'Checks of the protocol that a peer failed, by abort class',
      labelNames: ['consequence'] as const,
      registers,
    }),
    strikes: new Counter({ name: 'tercet_strikes_total', help: 'Proven cheats', registers }),
    wrongClaims: new Counter({
      name: 'tercet_claims_wrong_total',
      help: 'Claims that lacked a valid signature',
      registers,
    }),
    claims: new Gauge({
      name: 'tercet_claims_announced',
      help: 'Wallets with an announced claim',
      registers,
    }),
    notices: new Counter({
      name: 'tercet_notices_total',
      help: 'Notices posted to the webhook, by outcome',
      labelNames: ['outcome'] as const,
      registers,
    }),
    reshares: new Counter({ name: 'tercet_reshares_total', help: 'Epochs that began', registers }),
    unconfirmedEpochs: new Gauge({
      name: 'tercet_epochs_unconfirmed',
      help: 'Keys whose old share is kept because the device did not confirm the new one for days',
      registers,
    }),
    keygens: new Counter({ name: 'tercet_keygens_total', help: 'Keys confirmed', registers }),
    sessions: new Gauge({ name: 'tercet_sessions_open', help: 'Open protocol sessions', registers }),
    presignatures: new Gauge({ name: 'tercet_presignatures', help: 'Presignatures in memory', registers }),
  }
}

export type Metrics = ReturnType<typeof createMetrics>
