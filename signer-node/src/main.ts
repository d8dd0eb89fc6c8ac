#!/usr/bin/env node
// Which commands does `tercet-node` understand? (security.md 5)

import { resolve } from 'node:path'
import { Command, CommanderError, Option } from 'commander'
import { destination } from 'pino'
import { acknowledgeRestore, init, start, successor } from './cli/commands.js'
import { auditVerify, doctor } from './cli/doctor.js'
import {
  DEFAULT_DATA_DIR,
  DEFAULT_HOST,
  DEFAULT_METRICS_PORT,
  DEFAULT_PORT,
  type Place,
  parseNoticeUrl,
  parseOrigin,
  parsePort,
  parsePublicAddress,
} from './config.js'
import { createLog, LEVELS, type Level, whereOf } from './log.js'
import { EXIT, Refusal, StartRefused } from './refusal.js'

interface StartOptions extends PlaceOptions {
  readonly host: string
  readonly port: string
  readonly metricsPort: string
  readonly origin: readonly string[]
  readonly publicAddress?: string
  readonly trustProxy?: true
  readonly logLevel: Level
  readonly noticeUrl?: string
}

interface PlaceOptions {
  readonly dataDir: string
  readonly wrappingKey?: string
  readonly generationFile?: string
}

const EXIT_CODES = `
Exit codes:
  0  done, or stopped after SIGTERM
  1  a check failed
  2  wrong usage
  3  refused: data folder, wrapping key or database
  4  another process serves the data folder
  5  storage error: the node stopped rather than acknowledge anything more`

function program(done: (exitCode: number) => void): Command {
  const run = async (work: Promise<number>): Promise<void> => done(await work)
  /** A command on a node that lies somewhere. */
  const command = (name: string, parent: Command = root): Command =>
    parent
      .command(name)
      .addOption(new Option('--data-dir <folder>', 'data folder').default(DEFAULT_DATA_DIR))
      .addOption(
        new Option(
          '--wrapping-key <file>',
          'best on another disk than the database (default: wrapping.key in the data folder)',
        ),
      )
      .addOption(
        new Option(
          '--generation-file <file>',
          'record that notices a restored database; restored together with it, it notices nothing (default: beside the wrapping key if that is given, else in the data folder)',
        ),
      )
  const collect = (value: string, before: readonly string[]): string[] => [...before, value]

  const root = new Command('tercet-node')
    .description('The cosigner of 2-of-3 threshold ECDSA wallets')
    .option('--json', 'print one line of JSON, where a command would print text')
    .addHelpText('after', EXIT_CODES)
    .exitOverride()

  const isJson = (): boolean => root.opts()['json'] === true

  command('init')
    .description('make a data folder: wrapping key (mode 0600), database, identity')
    .action((options: PlaceOptions) => run(init(placeOf(options))))

  command('start')
    .description('serve; prints one JSON line when ready')
    .option('--host <address>', 'address to listen on; TLS belongs to a proxy in front', DEFAULT_HOST)
    .option('--port <port>', 'port of the API; 0 picks a free one', String(DEFAULT_PORT))
    .option('--metrics-port <port>', 'port of /metrics; 0 picks a free one', String(DEFAULT_METRICS_PORT))
    .option('--origin <origin>', 'origin that browsers may call from; repeatable', collect, [])
    .option('--public-address <url>', 'how devices reach this node; stands in recovery kits')
    .option(
      '--trust-proxy',
      'limit by the last hop of X-Forwarded-For; only where every connection comes from your own proxy',
    )
    .option(
      '--notice-url <url>',
      'webhook that is told, signed, of every recovery claim, veto and its end; without it the old device alone is told',
    )
    .addOption(new Option('--log-level <level>', 'what to log, to stderr').choices(LEVELS).default('info'))
    .action((options: StartOptions) =>
      run(
        start(
          {
            ...placeOf(options),
            host: options.host,
            port: parsePort(options.port, '--port'),
            metricsPort: parsePort(options.metricsPort, '--metrics-port'),
            origins: options.origin.map(parseOrigin),
            ...(options.publicAddress && { publicAddress: parsePublicAddress(options.publicAddress) }),
            trustProxy: options.trustProxy === true,
            logLevel: options.logLevel,
            ...(options.noticeUrl && { noticeUrl: parseNoticeUrl(options.noticeUrl) }),
          },
          createLog(options.logLevel, destination({ fd: 2, sync: true })),
        ),
      ),
    )

  command('doctor')
    .description('look for what would go wrong later')
    .action((options: PlaceOptions) => run(doctor(placeOf(options), isJson())))

  command('acknowledge-restore')
    .description(
      'after restoring an older database: burn every OT setup, lock wallets whose newer epoch is lost, and let the node start again',
    )
    .action((options: PlaceOptions) => run(acknowledgeRestore(placeOf(options))))

  command('successor')
    .description('name the node that devices may hand their keys over to; `none` takes the name back')
    .argument('<identity>', 'identity of the next node, as its start line prints it')
    .option('--wallet <id>', 'for this wallet alone')
    .action((identity: string, options: PlaceOptions & { wallet?: string }) =>
      run(Promise.resolve(successor(placeOf(options), identity, options.wallet))),
    )

  command('verify', root.command('audit').description('the audit log'))
    .description('verify the whole chain of entries')
    .action((options: PlaceOptions) => run(auditVerify(placeOf(options), isJson())))

  return root
}

function placeOf({ dataDir, wrappingKey, generationFile }: PlaceOptions): Place {
  return {
    dataDir: resolve(dataDir),
    ...(wrappingKey && { wrappingKeyFile: resolve(wrappingKey) }),
    ...(generationFile && { generationFile: resolve(generationFile) }),
  }
}

/** The exit code that an error ends the program with; what it prints quotes no value but the operator's own. */
function failed(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  if (error instanceof Refusal && error.code === 'storage') {
    process.stderr.write('tercet-node: storage error: the database cannot be read or written\n')
    return EXIT.storage
  }
  const refused = error instanceof StartRefused
  process.stderr.write(`tercet-node: ${refused ? error.message : whereOf(error)}\n`)
  return refused ? error.exitCode : EXIT.failed
}

// Whatever the node creates is its owner's alone.
process.umask(0o077)

program((exitCode) => process.exit(exitCode))
  .parseAsync()
  .catch((error: unknown) => process.exit(failed(error)))
