#!/usr/bin/env node
// Which commands does `tercet-node` understand? (security.md 5)

import { resolve } from 'node:path'
import { Command, CommanderError, Option } from 'commander'
import { destination } from 'pino'
import { acknowledgeRestore, auditVerify, doctor, init, start, successor } from './cli/commands.js'
import {
  DEFAULT_DATA_DIR,
  DEFAULT_HOST,
  DEFAULT_METRICS_PORT,
  DEFAULT_PORT,
  parseNoticeUrl,
  parseOrigin,
  parsePort,
  parsePublicAddress,
} from './config.js'
import { createLog, LEVELS, type Level, whereOf } from './log.js'
import { EXIT, Refusal, StartRefused } from './refusal.js'

interface StartOptions {
  readonly dataDir: string
  readonly host: string
  readonly port: string
  readonly metricsPort: string
  readonly origin: readonly string[]
  readonly publicAddress?: string
  readonly trustProxy?: true
  readonly logLevel: Level
  readonly generationFile?: string
  readonly noticeUrl?: string
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
  const dataDir = (): Option => new Option('--data-dir <folder>', 'data folder').default(DEFAULT_DATA_DIR)
  const generationFile = (): Option =>
    new Option(
      '--generation-file <file>',
      'record that notices a restored database (default: in the data folder)',
    )
  const collect = (value: string, before: readonly string[]): string[] => [...before, value]

  const root = new Command('tercet-node')
    .description('The cosigner of 2-of-3 threshold ECDSA wallets')
    .addHelpText('after', EXIT_CODES)
    .exitOverride()

  root
    .command('init')
    .description('make a data folder: wrapping key (mode 0600), database, identity')
    .addOption(dataDir())
    .action((options: { dataDir: string }) => run(init(resolve(options.dataDir))))

  root
    .command('start')
    .description('serve; prints one JSON line when ready')
    .addOption(dataDir())
    .option('--host <address>', 'address to listen on; TLS belongs to a proxy in front', DEFAULT_HOST)
    .option('--port <port>', 'port of the API; 0 picks a free one', String(DEFAULT_PORT))
    .option('--metrics-port <port>', 'port of /metrics; 0 picks a free one', String(DEFAULT_METRICS_PORT))
    .option('--origin <origin>', 'origin that browsers may call from; repeatable', collect, [])
    .option('--public-address <url>', 'how devices reach this node; stands in recovery kits')
    .option(
      '--trust-proxy',
      'limit by the last hop of X-Forwarded-For; only where every connection comes from your own proxy',
    )
    .option('--notice-url <url>', 'webhook that is told, signed, of every recovery claim, veto and its end')
    .addOption(generationFile())
    .addOption(new Option('--log-level <level>', 'what to log, to stderr').choices(LEVELS).default('info'))
    .action((options: StartOptions) =>
      run(
        start(
          {
            dataDir: resolve(options.dataDir),
            host: options.host,
            port: parsePort(options.port, '--port'),
            metricsPort: parsePort(options.metricsPort, '--metrics-port'),
            origins: options.origin.map(parseOrigin),
            ...(options.publicAddress && { publicAddress: parsePublicAddress(options.publicAddress) }),
            trustProxy: options.trustProxy === true,
            logLevel: options.logLevel,
            ...(options.generationFile && { generationFile: resolve(options.generationFile) }),
            ...(options.noticeUrl && { noticeUrl: parseNoticeUrl(options.noticeUrl) }),
          },
          createLog(options.logLevel, destination({ fd: 2, sync: true })),
        ),
      ),
    )

  root
    .command('doctor')
    .description('look for what would go wrong later')
    .addOption(dataDir())
    .action((options: { dataDir: string }) => run(doctor(resolve(options.dataDir))))

  root
    .command('acknowledge-restore')
    .description('after restoring an older database: burn every OT setup, and let the node start again')
    .addOption(dataDir())
    .addOption(generationFile())
    .action((options: { dataDir: string; generationFile?: string }) =>
      run(
        acknowledgeRestore(
          resolve(options.dataDir),
          options.generationFile && resolve(options.generationFile),
        ),
      ),
    )

  root
    .command('successor')
    .description('name the node that devices may hand their keys over to; `none` takes the name back')
    .argument('<identity>', 'identity of the next node, as its start line prints it')
    .option('--wallet <id>', 'for this wallet alone')
    .addOption(dataDir())
    .action((identity: string, options: { dataDir: string; wallet?: string }) =>
      run(Promise.resolve(successor(resolve(options.dataDir), identity, options.wallet))),
    )

  root
    .command('audit')
    .description('the audit log')
    .command('verify')
    .description('verify the whole chain of entries')
    .addOption(dataDir())
    .action((options: { dataDir: string }) => run(auditVerify(resolve(options.dataDir))))

  return root
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
