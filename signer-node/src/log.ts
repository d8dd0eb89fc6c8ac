// What may the node write to its log? An allow-list of fields and nothing else. (invariant I17; stack trap 7)

import { type DestinationStream, pino } from 'pino'

/** Every field that a log line may carry. A new one is a decision, made here. */
export interface LogFields {
  readonly event: string
  readonly route?: string
  readonly status?: number
  readonly code?: string
  readonly reason?: string
  readonly field?: string
  readonly incident?: string
  readonly durationMs?: number
  readonly wallet?: string
  readonly port?: number
  readonly where?: string
  readonly strikes?: number
}

const ALLOWED: readonly (keyof LogFields)[] = [
  'event',
  'route',
  'status',
  'code',
  'reason',
  'field',
  'incident',
  'durationMs',
  'wallet',
  'port',
  'where',
  'strikes',
]

export const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type Level = (typeof LEVELS)[number]

export interface Log {
  error(fields: LogFields): void
  warn(fields: LogFields): void
  info(fields: LogFields): void
  debug(fields: LogFields): void
}

/** A log that copies the allowed fields, strings and numbers only, and drops everything else. */
export function createLog(level: Level, destination: DestinationStream): Log {
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination)
  return {
    error: (fields) => logger.error(allowed(fields)),
    warn: (fields) => logger.warn(allowed(fields)),
    info: (fields) => logger.info(allowed(fields)),
    debug: (fields) => logger.debug(allowed(fields)),
  }
}

function allowed(fields: LogFields): Record<string, string | number> {
  const line: Record<string, string | number> = {}
  for (const name of ALLOWED) {
    const value = fields[name]
    if (typeof value === 'number') line[name] = value
    else if (typeof value === 'string') line[name] = value.slice(0, 200)
  }
  return line
}

/** Where in our own code an error arose: `name at file:line`, without its message, which could quote a value. */
export function whereOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const frame = /\n\s+at [^\n]*?([\w.-]+\.[cm]?[jt]s:\d+)/.exec(error.stack ?? '')
  return `${error.name} at ${frame?.[1] ?? 'unknown'}`
}
