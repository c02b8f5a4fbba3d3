#!/usr/bin/env node
import { rmSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { executionsNewestFirst, Failure, issueSignIn, recordDeath, systemClock } from '@runvoy/core';
import { signInUrl } from '@runvoy/orchestrator';
import type { LocalClientFile, ReadyLine } from '@runvoy/protocol';
import {
  backupDirectory,
  DatabaseInUse,
  chooseIsolation,
  openDataDir,
  openFileArchive,
  openHealthProbe,
  openLocalEventBus,
  openLocalJobRunner,
  openLocalVault,
  openSigningKeys,
  openSqliteRecords,
  pathsIn,
  probeWithRunner,
  restoreBackup,
  writeBackup,
  type DataDir,
  type LocalEventBus,
} from '@runvoy/provider-local';
import {
  closeInheritedDescriptors,
  ConfigProblems,
  newLogger,
  openTelemetry,
  readTelemetrySettings,
  readJsonFile,
  writePrivateFile,
  type Logger,
} from '@runvoy/runtime';
import { banner, earlierRuns } from './banner.ts';
import { backup, restore, type BackupCommands } from './backup-command.ts';
import { readStandaloneConfig, type StandaloneConfig } from './config.ts';
import { openLogFile } from './log-file.ts';
import { loggedLines } from './logged-lines.ts';
import { runFirstCommand } from './first-run.ts';
import { HELP_TEXT } from './help-text.ts';
import { userPath } from './user-path.ts';
import { CLI_MAIN, CONSOLE_ROOT, RUNNER_MAIN, RUNVOY_COMMAND } from './places.ts';
import { VERSION } from './version.ts';
import { startStandalone, type LocalProvider, type RunningServer } from './standalone.ts';

/** A shutdown that takes longer is cut: everything acknowledged is on disk already. */
const SHUTDOWN_MS = 9_000;
const RUNS_SHOWN = 5;

async function main(): Promise<void> {
  closeInheritedDescriptors(process.env);
  const config = readStandaloneConfig(process.argv.slice(2), process.env);
  const dataDir = openDataDir(config.dataDir);
  const logFile = openLogFile(dataDir.serverLog);
  // Terminals are for people; what is in the log is for who looks for a fault.
  const logger = newLogger(config.logLevel, (line) => logFile.write(line));
  const settings = readTelemetrySettings(process.env, { serviceName: 'runvoy' });
  const provider = await openProvider(config, dataDir, logger);
  const telemetry = await openTelemetry(settings, { version: VERSION, logger });
  const server = await startStandalone(config, dataDir, provider, {
    logger,
    consoleRoot: CONSOLE_ROOT,
    loggedOf: (requestId) => loggedLines(dataDir.serverLog, requestId),
    telemetry,
  });
  stopOnSignals(server, dataDir, logger);
  writeServerFiles(server, dataDir);
  logger.info('the server is up', { address: server.urls.http, data_dir: dataDir.path, version: VERSION });
  await greet(server, config);
}

async function openProvider(config: StandaloneConfig, dataDir: DataDir, logger: Logger): Promise<LocalProvider> {
  // First of all: it is the lock of the directory.
  const records = openRecords(dataDir);
  const isolation = await chooseIsolation({
    wanted: config.isolation,
    dataDir: dataDir.path,
    probe: (candidate) =>
      probeWithRunner(
        {
          runnerMain: RUNNER_MAIN,
          dataDir: dataDir.path,
          env: process.env,
          ...(config.containerEngine && { engine: config.containerEngine }),
        },
        candidate,
      ),
  });
  let queue: LocalEventBus | undefined;
  const { engine, ...found } = isolation;
  logger.info('isolation found', { ...found, engine: engine?.command.join(' '), enforces: engine?.enforces });
  return {
    records,
    archive: await openFileArchive(dataDir.archive),
    isolation,
    vault: await openLocalVault(dataDir.vaultKeys),
    signingKeys: await openSigningKeys(dataDir.signingKeys),
    openBus: (deliver) => {
      queue = openLocalEventBus({
        path: dataDir.queue,
        deliver: async (event) => ((await deliver(event)) ? 'ack' : 'retry'),
        keepDead: async (death) => void (await recordDeath({ records, clock: systemClock }, death)),
        clock: systemClock,
        random: Math.random,
      });
      return queue;
    },
    backup: (to) => writeBackup({ dataDir: dataDir.path, records, bus: queue! }, to, aboutBackup()),
    openJobs: (onEnded) =>
      openLocalJobRunner({
        dataDir: dataDir.path,
        intakeSocket: dataDir.intakeSocket,
        runnerMain: RUNNER_MAIN,
        clock: systemClock,
        onEnded,
        isolation: isolation.level,
        others: isolation.others,
        ...(engine && { engine }),
        hostEnv: { ...process.env, PATH: userPath(process.env['PATH'] ?? '') },
        logger: { warn: (details, message) => logger.warn(message, { ...details }) },
      }),
    openProbe: (jobs) => openHealthProbe({ dataDir, jobs }),
    close: async () => records.close(),
  };
}

/** The database is also the lock of the data directory: the kernel lets it go with the process, however that ends. */
function openRecords(dataDir: DataDir): ReturnType<typeof openSqliteRecords> {
  try {
    return openSqliteRecords(dataDir.database);
  } catch (error) {
    const other = readJsonFile(dataDir.serverFile);
    if (!(error instanceof DatabaseInUse) || !other) throw error;
    throw new Error(
      `The data directory ${dataDir.path} is in use by the runvoy server with pid ${String(other['pid'])} at ${String(other['api_url'])}. ` +
        'Sign in to it with "runvoy local login", stop it, or choose another directory with --data-dir.',
      { cause: error },
    );
  }
}

function writeServerFiles(server: RunningServer, dataDir: DataDir): void {
  const { urls, admin } = server;
  writePrivateFile(
    dataDir.serverFile,
    `${JSON.stringify({ pid: process.pid, api_url: urls.http, intake_socket: dataDir.intakeSocket })}\n`,
  );
  const client: LocalClientFile = {
    api_endpoint: urls.http,
    api_key: admin.api_key,
    admin_email: admin.email,
    pid: process.pid,
  };
  writePrivateFile(dataDir.clientFile, `${JSON.stringify(client)}\n`);
}

async function greet(server: RunningServer, config: StandaloneConfig): Promise<void> {
  const { urls, admin, records } = server;
  if (config.json) {
    const ready: ReadyLine = {
      api_url: urls.http,
      websocket_url: urls.stream,
      console_url: urls.http,
      data_dir: config.dataDir,
      pid: process.pid,
      admin_email: admin.email,
      ...(admin.isNew ? { api_key: admin.api_key } : {}),
    };
    process.stdout.write(`${JSON.stringify(ready)}\n`);
    return;
  }
  const isTerminal = process.stdout.isTTY;
  const signIn = isTerminal
    ? await issueSignIn({ records, clock: systemClock, random: randomBytes }, admin.email, 'console', {
        email: admin.email,
        requestId: 'start',
      })
    : undefined;
  const earlier = await records.page(executionsNewestFirst, { limit: RUNS_SHOWN });
  if (config.firstRun && admin.isNew) {
    const firstLineMs = await runFirstCommand(CLI_MAIN, { apiUrl: urls.http, apiKey: admin.api_key });
    printTimeToFirstLine(firstLineMs);
  }
  process.stdout.write(
    banner(server, config, {
      runvoy: RUNVOY_COMMAND,
      ...(signIn === undefined ? {} : { signInUrl: signInUrl(urls.http, signIn.claim_token) }),
      isDefaultDataDir: config.dataDir === join(homedir(), '.local', 'share', 'runvoy'),
      port: Number(new URL(urls.http).port),
    }),
  );
  process.stdout.write(earlierRuns(earlier.records.map((record) => record.value)));
}

/** The launcher says when it began: on a fresh clone that is before anything was installed. */
function printTimeToFirstLine(firstLineMs: number | undefined): void {
  const launchedMs = Number(process.env['RUNVOY_LAUNCHED_AT_MS']);
  if (firstLineMs === undefined || !Number.isFinite(launchedMs)) return;
  process.stderr.write(`first line ${((firstLineMs - launchedMs) / 1000).toFixed(1)} s after the start\n`);
}

function stopOnSignals(server: RunningServer, dataDir: DataDir, logger: Logger): void {
  let isStopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (isStopping) return;
    isStopping = true;
    logger.info('the server stops; runs go on', { signal });
    setTimeout(() => process.exit(0), SHUTDOWN_MS).unref();
    void server.close().then(() => {
      rmSync(dataDir.serverFile, { force: true });
      process.exit(0);
    });
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
}

const aboutBackup = () => ({ nowMs: Date.now(), version: VERSION });

/** What else this executable does, by its first word. */
const VERBS: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  '--help': async () => void process.stdout.write(HELP_TEXT),
  '-h': async () => void process.stdout.write(HELP_TEXT),
  backup: (args) => backup(args, BACKUP_COMMANDS, Date.now()),
  restore: (args) => restore(args, BACKUP_COMMANDS),
};
const BACKUP_COMMANDS: BackupCommands = {
  backupDirectory: (dataDir, to) => backupDirectory(dataDir, to, aboutBackup()),
  isInUse: (error) => error instanceof DatabaseInUse,
  restore: (from, dataDir, force) => restoreBackup(from, dataDir, { force, nowMs: Date.now() }),
  pathsIn,
};

const [verb = '', ...rest] = process.argv.slice(2);
const asked = Object.hasOwn(VERBS, verb) ? VERBS[verb]!(rest) : main();
asked.catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
});

/** What went wrong, for a person: lines, not a stack. */
function explain(error: unknown): string {
  if (error instanceof ConfigProblems) return error.problems.join('\n');
  if (!(error instanceof Error)) return String(error);
  if (process.env['RUNVOY_DEBUG'] === '1') return error.stack ?? error.message;
  const cause = error instanceof Failure && error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return `runvoy: ${error.message}${cause}`;
}
