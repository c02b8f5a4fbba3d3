#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { chmodSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  auditedRecords,
  auditLine,
  defaultImageRef,
  meterDeployment,
  newEvent,
  recordDeath,
  slotLimits,
  systemClock,
  type Records,
} from '@runvoy/core';
import {
  meterRequests,
  newHttpApp,
  observeService,
  serve,
  tellRuns,
  tracedBus,
  tracedJobs,
  type Observed,
  type OpenService,
  type ReadinessCheck,
  type Shutdown,
} from '@runvoy/runtime';
import type { FastifyInstance } from 'fastify';
import { buildEventProcessor, buildProcessor, buildRunnerIntake, meterFastLane } from './index.ts';
import { meterTicks } from './run-gauge.ts';
import { refusesStrangers } from './refuses-strangers.ts';
import { VERSION } from './version.ts';

const isLocal = process.env['RUNVOY_BACKEND_PROVIDER']?.toLowerCase() === 'local';
const toStdout = (line: string) => void process.stdout.write(line);
const service = { name: 'runvoy-processor', version: VERSION, env: process.env };
const RUNNER_MAIN = fileURLToPath(new URL('../../../jobs/sandbox-runner/src/main.ts', import.meta.url));
/** How often a runner cuts a batch: on one machine a line should be seen within a blink. */
const BATCH_MS = { local: 10, gcp: 250 };

const storeAnswers =
  (records: Records): ReadinessCheck =>
  async () => {
    await records.get(defaultImageRef);
  };

/**
 * Alone on a data directory: takes in what runs that outlived their server still say, on the Unix socket where they say it. The port
 * answers for its health alone.
 */
async function openLocal(shutdown: Shutdown): Promise<OpenService> {
  const local = await import('@runvoy/provider-local');
  const config = local.readLocalConfig(process.env);
  const observed = await observeService({ ...service, logLevel: config.logLevel }, shutdown);
  const { logger } = observed;
  const dataDir = local.openDataDir(config.dataDir);
  const records = local.openSqliteRecords(dataDir.database);
  shutdown.add('store', () => records.close());
  const {
    level: isolation,
    others,
    engine,
  } = await local.chooseIsolation({
    wanted: 'auto',
    dataDir: dataDir.path,
    probe: (candidate) =>
      local.probeWithRunner({ runnerMain: RUNNER_MAIN, dataDir: dataDir.path, env: process.env }, candidate),
  });
  const ready = Promise.withResolvers<FastifyInstance>();
  const deliver = async (event: unknown) => {
    const app = await ready.promise;
    const headers = { 'content-type': 'application/cloudevents+json' };
    const answer = await app.inject({ method: 'POST', url: '/events', headers, payload: JSON.stringify(event) });
    return answer.statusCode < 300 ? ('ack' as const) : ('retry' as const);
  };
  const bus = local.openLocalEventBus({
    path: dataDir.queue,
    deliver,
    keepDead: async (death) => void (await recordDeath({ records, clock: systemClock }, death)),
    clock: systemClock,
    random: Math.random,
  });
  shutdown.add('event bus', () => bus.close());
  const jobs = await local.openLocalJobRunner({
    dataDir: dataDir.path,
    intakeSocket: dataDir.intakeSocket,
    runnerMain: RUNNER_MAIN,
    clock: systemClock,
    isolation,
    others,
    ...(engine === undefined ? {} : { engine }),
    hostEnv: process.env,
    logger: { warn: (details, message) => logger.warn(message, { ...details }) },
    onEnded: (id) => {
      const at_ms = systemClock.now();
      const about = { id: `look-${id}-${at_ms}`, subject: id, at_ms };
      deliver(newEvent('dev.runvoy.execution.look.v1', { execution_id: id }, about)).catch((error: unknown) =>
        logger.warn('an event was not delivered', { error }),
      );
    },
  });
  shutdown.add('job runner', async () => jobs[Symbol.asyncDispose]());
  const routes = buildProcessor({
    records,
    archive: await local.openFileArchive(dataDir.archive),
    jobs,
    bus,
    ...observedBy(observed),
    vault: await local.openLocalVault(dataDir.vaultKeys),
    signingKeys: await local.openSigningKeys(dataDir.signingKeys),
    clock: systemClock,
    random: randomBytes,
    batchMs: BATCH_MS.local,
    upSinceMs: systemClock.now(),
    startTimeoutMs: config.startTimeoutS * 1000,
    limits: slotLimits(config),
    logRetentionDays: config.logRetentionDays,
    probe: local.openHealthProbe({ dataDir, jobs }),
  });
  ready.resolve(routes);
  rmSync(dataDir.intakeSocket, { force: true });
  await routes.listen({ path: dataDir.intakeSocket });
  chmodSync(dataDir.intakeSocket, 0o600);
  shutdown.add('routes', () => routes.close());
  const app = newHttpApp({ logger });
  return {
    name: 'processor',
    app,
    port: config.port,
    host: '127.0.0.1',
    logger,
    checks: { store: storeAnswers(records) },
  };
}

async function openGcp(shutdown: Shutdown): Promise<OpenService> {
  const gcp = await import('@runvoy/provider-gcp');
  const config = gcp.readGcpConfig(process.env);
  const isIntake = config.processorRoutes === 'runner';
  const observed = await observeService(
    {
      ...service,
      name: isIntake ? config.intakeService : config.processorService,
      logLevel: config.logLevel,
      project: config.project,
      receiver: gcp.telemetryReceiver(config),
      metricsNamespace: config.metricsNamespace,
    },
    shutdown,
  );
  const { logger, tracing, metrics, ready } = observed;
  const ports = gcp.gcpPorts(config);
  const store = ports.records();
  shutdown.add('store', () => store.close());
  const records = auditedRecords(store, (record) => toStdout(auditLine(record)));
  const { port, host, signingKeys } = config;
  const told = { ...observedBy(observed), accessLog: config.accessLog };
  const common = { records, archive: ports.archive(), signingKeys, clock: systemClock, ...told };

  if (isIntake) {
    const account = { audience: config.intakeUrl, emails: config.jobServiceAccounts };
    const platform = ports.jobs();
    shutdown.add('job runner', async () => platform[Symbol.asyncDispose]());
    const app = buildRunnerIntake({
      ...common,
      // It may ask what an execution is called, and nothing else: cancelling is left to the processor's looks.
      jobs: { identify: (attempt) => platform.identify(attempt) },
      vault: ports.vault(),
      batchMs: BATCH_MS.gcp,
      ...(metrics && { batchStored: meterFastLane(metrics) }),
      jobAccount: config.jobDefaultServiceAccount,
      // Everybody reaches this service, so nobody has checked a caller before it.
      callers: {
        verifier: ports.callers('signature'),
        accounts: { job: account },
      },
    });
    if (metrics) meterRequests(app, metrics);
    return { ready, name: 'intake', app, port, host, logger, checks: { store: storeAnswers(records) } };
  }

  const jobs = ports.jobs();
  shutdown.add('job runner', async () => jobs[Symbol.asyncDispose]());
  const probe = ports.probe({ readsAccounts: true });
  shutdown.add('health probe', async () => probe[Symbol.asyncDispose]());
  const reconcileEveryMs = gcp.scheduleGapMs(config.healthReconcileSchedule);
  const bus = ports.bus();
  shutdown.add('event bus', () => bus.close());
  const account = { audience: config.processorUrl, emails: [config.callerServiceAccount] };
  const app = buildEventProcessor({
    ...common,
    ...(metrics && { ticked: meterTicks(metrics, systemClock) }),
    jobs: tracedJobs(jobs, tracing),
    bus: tracedBus(bus, tracing, config.eventsTopic),
    probe,
    vault: ports.vault(),
    ...(reconcileEveryMs === undefined ? {} : { reconcileEveryMs }),
    random: randomBytes,
    upSinceMs: systemClock.now(),
    startTimeoutMs: config.startTimeoutS * 1000,
    limits: slotLimits(config),
    logRetentionDays: config.logRetentionDays,
    readPlatformEntry: gcp.readPlatformEntry,
    readDeadLetterMark: gcp.deadLetterMarks({ logsTopic: config.logsTopic }),
    callers: {
      verifier: ports.callers(config.callerCheck),
      accounts: { carrier: account },
    },
  });
  const guarded = config.callerCheck === 'iam' ? { 'caller check': refusesStrangers(config.processorUrl) } : {};
  if (metrics) {
    meterRequests(app, metrics);
    meterDeployment(metrics, records);
  }
  return { ready, name: 'processor', app, port, host, logger, checks: { store: storeAnswers(records), ...guarded } };
}

/** What the service tells of itself, for those who have something to tell. */
function observedBy({ logger, tracing, metrics }: Observed) {
  return { logger, tracing, ended: tellRuns({ tracing, metrics }, systemClock) };
}

await serve((shutdown) => (isLocal ? openLocal(shutdown) : openGcp(shutdown)));
