// How are the results shown: a table for people, one JSON object for programs?

import { arch, cpus, platform } from 'node:os'
import process from 'node:process'

/** What the lines of a group measure. */
export type Group = keyof typeof TITLES

const TITLES = {
  'one process': ['CPU of both parties', 'ms', 'device', 'cosigner'],
  'over HTTP': ['SDK to a node over HTTP, wall clock', 'ms', '', ''],
  'a kit': ['a recovery kit, wall clock', 'ms', '', ''],
} as const

/** One line of the result; all times are medians in milliseconds. */
export interface Row {
  readonly name: string
  readonly group: Group
  readonly milliseconds: number
  /** Where both parties can be told apart. */
  readonly device?: number
  readonly cosigner?: number
  readonly bytes: number
  readonly roundTrips: number
  readonly runs: number
}

export interface Yardsticks {
  readonly plainSignature: number
  readonly echo: number
}

export interface Report {
  readonly yardsticks: Yardsticks
  readonly rows: readonly Row[]
  readonly seconds: number
}

function machine() {
  const [first] = cpus()
  return {
    node: process.versions.node,
    platform: `${platform()} ${arch()}`,
    cpu: first?.model.trim() ?? 'unknown',
    cores: cpus().length,
  }
}

/** One object with everything, ratios included. */
export function asJson({ yardsticks, rows, seconds }: Report): string {
  return JSON.stringify({
    machine: machine(),
    yardsticks,
    rows: rows.map((row) => ({ ...row, ...ratios(row, yardsticks) })),
    seconds,
  })
}

function ratios({ milliseconds }: Row, { plainSignature, echo }: Yardsticks) {
  return { timesPlainSignature: milliseconds / plainSignature, timesEcho: milliseconds / echo }
}

/** Lines for a terminal. */
export function asTable({ yardsticks, rows, seconds }: Report): string {
  const { node, platform: system, cpu, cores } = machine()
  const lines = [
    `Node ${node}, ${system}, ${cores} x ${cpu}; medians, ${seconds.toFixed(0)} s in all`,
    '',
    `plain signature  ${time(yardsticks.plainSignature)} ms  one key, @noble/curves, CPU time`,
    `echo             ${time(yardsticks.echo)} ms  POST to a hono server in another process, wall clock`,
  ]
  for (const group of Object.keys(TITLES) as Group[]) {
    lines.push('', line([...TITLES[group], 'x plain', 'x echo', 'trips', 'bytes', 'runs']))
    for (const row of rows.filter((each) => each.group === group)) {
      const { timesPlainSignature, timesEcho } = ratios(row, yardsticks)
      lines.push(
        line([
          row.name,
          time(row.milliseconds),
          row.device === undefined ? '' : time(row.device),
          row.cosigner === undefined ? '' : time(row.cosigner),
          factor(timesPlainSignature),
          factor(timesEcho),
          String(row.roundTrips),
          String(row.bytes),
          String(row.runs),
        ]),
      )
    }
  }
  lines.push(
    '',
    'bytes: message bodies in one process; everything on the connections over HTTP; the kit itself',
  )
  return `${lines.join('\n')}\n`
}

const WIDTHS = [36, 9, 9, 9, 9, 9, 6, 8, 6]

function line(cells: readonly string[]): string {
  return cells
    .map((cell, i) => (i === 0 ? cell.padEnd(WIDTHS[i] ?? 0) : cell.padStart(WIDTHS[i] ?? 0)))
    .join('')
}

function time(milliseconds: number): string {
  return milliseconds.toFixed(milliseconds < 100 ? 2 : 0)
}

function factor(n: number): string {
  return n.toFixed(n < 100 ? 1 : 0)
}
