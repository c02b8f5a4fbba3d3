import { randomBytes } from 'node:crypto';
import { chmodSync, rmSync } from 'node:fs';
import {
  GrowingDigests,
  logPolicy,
  recordsLiveFeed,
  systemClock,
  type Archive,
  type CloudEventEnvelope,
  type EventBus,
  type HealthProbe,
  type JobRunner,
  type LoggedOf,
  type Records,
  platformOf,
  type RunPolicy,
  type SecretVault,
  type SigningKeys,
} from '@runvoy/core';
import { buildOrchestrator, ratePolicy } from '@runvoy/orchestrator';
import { buildProcessor } from '@runvoy/processor';
import type { Isolation } from '@runvoy/protocol';
import {
  newShutdown,
  noTelemetry,
  tellRuns,
  tracedBus,
  tracedJobs,
  type Logger,
  type Telemetry,
} from '@runvoy/runtime';
import { buildLiveView, mountLiveView } from '@runvoy/websocket';
import type { FastifyInstance } from 'fastify';
import type { FoundIsolation } from './found-isolation.ts';
import { openLocalAdmin, registerHostImage, type LocalAdmin } from './admin.ts';
import { backupRoute } from './backup-route.ts';
import { lookEvent, newCarrier, runSchedule } from './carrier.ts';
import type { StandaloneConfig } from './config.ts';
import { consoleRoutes } from './console-routes.ts';
import { newDoor } from './door.ts';
import { listenNear } from './listen.ts';
import { serverMetrics } from './server-metrics.ts';
import { serverUrls, type ServerUrls } from './server-urls.ts';
import { VERSION } from './version.ts';

/** Batches are cut often: on one machine a line should be seen within a blink. */
const BATCH_MS = 10;
/** The cloud ticks once a minute; here a look costs next to nothing. */
const TICK_MS = 10_000;
/** As `RUNVOY_GCP_HEALTH_RECONCILE_SCHEDULE` says unless told: hourly. */
const RECONCILE_MS = 3_600_000;
/** Not while a server starts: whoever started it waits for other things. */
const RECONCILE_FIRST_MS = 60_000;

/** What a provider has to bring. Things that call back are opened with the callback. */
export interface LocalProvider {
  readonly records: Records;
  readonly archive: Archive;
  readonly vault: SecretVault;
  readonly signingKeys: SigningKeys;
  openBus(deliver: (event: CloudEventEnvelope) => Promise<boolean>): EventBus & { close(): Promise<void> };
  openJobs(onEnded: (executionId: string) => void): Promise<JobRunner & AsyncDisposable>;
  /** What of this machine the health report looks at; nothing unless there is one. */
  openProbe?(jobs: JobRunner): HealthProbe;
  /** What keeps the runs of this server apart, and why there is nothing better here. Nothing said: `process`. */
  readonly isolation?: FoundIsolation;
  /** Writes a backup of what is open now into a new directory; absent where the provider has none. */
  readonly backup?: (to: string) => Promise<object>;
  close(): Promise<void>;
}

/** Where the server keeps what is not the provider's. */
export interface ServerPlaces {
  readonly clientFile: string;
  /** The Unix socket of the event intake. */
  readonly intakeSocket: string;
}

export interface RunningServer {
  readonly urls: ServerUrls;
  readonly isolation: NonNullable<LocalProvider['isolation']>;
  readonly admin: LocalAdmin;
  readonly records: Records;
  /** Stops accepting, lets runs go on, flushes, closes. Safe to call twice. */
  close(): Promise<void>;
}

/** What stands around the server: where it logs, what it shows and tells. */
export interface Surroundings {
  readonly logger: Logger;
  readonly consoleRoot: string;
  /** Reads back what it has logged of a request. */
  readonly loggedOf?: LoggedOf;
  /** Closed with the server; nothing is told unless there is one. */
  readonly telemetry?: Telemetry;
}

/** The three services in one process, on one port and one Unix socket. */
export async function startStandalone(
  config: StandaloneConfig,
  places: ServerPlaces,
  provider: LocalProvider,
  surroundings: Surroundings,
): Promise<RunningServer> {
  const { logger, telemetry = noTelemetry } = surroundings;
  const shutdown = newShutdown((error, name) => logger.error(`closing ${name} failed`, { error }));
  // Closed last: what ends is still told.
  shutdown.add('telemetry', () => telemetry.close());
  shutdown.add('provider', () => provider.close());
  try {
    return await open(config, places, provider, surroundings, shutdown);
  } catch (error) {
    await shutdown.run();
    throw error;
  }
}

async function open(
  config: StandaloneConfig,
  places: ServerPlaces,
  provider: LocalProvider,
  { logger, consoleRoot, loggedOf, telemetry = noTelemetry }: Surroundings,
  shutdown: ReturnType<typeof newShutdown>,
): Promise<RunningServer> {
  const { records, archive, vault, signingKeys, isolation = { level: 'process' } } = provider;
  const clock = systemClock;
  let port = config.port;
  const urls = () => serverUrls(config.host, port);
  const door = newDoor({ ...config, port: () => port });

  // The processor needs the bus and the jobs, and both bring events to it: what comes early waits.
  const ready = Promise.withResolvers<FastifyInstance>();
  const carrier = newCarrier(ready.promise, (error) => logger.warn('an event was not delivered', { error }));
  const { tracing } = telemetry;
  const openedBus = provider.openBus((event) => carrier.deliver('/events', event));
  shutdown.add('event bus', () => openedBus.close());
  const bus = tracedBus(openedBus, tracing, '/events');
  const openedJobs = await provider.openJobs((id) => {
    void carrier.deliver('/events', lookEvent(id, clock.now()));
  });
  shutdown.add('job runner', async () => openedJobs[Symbol.asyncDispose]());
  const jobs = tracedJobs(openedJobs, tracing);

  const probe = provider.openProbe?.(jobs);
  const health = {
    ...(probe && { probe }),
    reconcileEveryMs: RECONCILE_MS,
    startTimeoutMs: config.startTimeoutS * 1000,
  };
  const told = { tracing, ended: tellRuns({ tracing }, clock), accessLog: config.accessLog };
  const common = {
    records,
    archive,
    vault,
    jobs,
    bus,
    clock,
    random: randomBytes,
    signingKeys,
    logger,
    ...health,
    ...told,
  };
  const intake = {
    batchMs: BATCH_MS,
    gitRoots: config.gitRoots,
    upSinceMs: clock.now(),
    limits: config.limits,
    logRetentionDays: config.logRetentionDays,
    // All batches of all runs come to this one process.
    digests: new GrowingDigests(),
  };
  const meters = openMeters(config, { records, clock, version: VERSION }, () => liveView.viewers(), {
    logger,
    telemetry,
  });
  shutdown.add('metrics', () => meters?.close());
  const processor = buildProcessor({ ...common, ...intake, ...(meters && { batchStored: meters.batchStored }) });
  if (provider.backup) backupRoute(processor, { records, clock, backup: provider.backup });
  ready.resolve(processor);
  await listenPrivately(processor, places.intakeSocket);
  shutdown.add('event intake', () => processor.close());

  const admin = await openLocalAdmin(common, config.adminEmail, places.clientFile);
  await registerHostImage(common, admin.email);

  const orchestrator = buildOrchestrator({
    ...common,
    ...ratePolicy(config),
    trustedProxyHops: config.trustedProxyHops,
    ...(meters && { metrics: meters.door, rateLimited: meters.rateLimited }),
    policy: runPolicy(config, isolation.level),
    ...(loggedOf && { loggedOf }),
    prices: config.prices,
    version: VERSION,
    streamUrl: () => urls().stream,
    consoleUrl: () => urls().http,
    nextLookMs: (nowMs) => nowMs + TICK_MS,
    guard: (request) => door.guardRequest(request),
    allowedOrigins: (origin) => door.isOurOrigin(origin),
  });
  consoleRoutes(orchestrator, consoleRoot);
  const liveView = buildLiveView({
    records,
    archive,
    feed: recordsLiveFeed(records),
    signingKeys,
    clock,
    logger,
    allowedOrigins: (origin) => door.isOurOrigin(origin),
  });
  mountLiveView(orchestrator, liveView, (request) => door.guardUpgrade(request));
  port = await listenNear(orchestrator, config);
  shutdown.add('public API', () => orchestrator.close());
  meters?.ready();
  // Closed before the API: open streams would keep it waiting.
  shutdown.add('live view', () => liveView.close());

  const ticking = new AbortController();
  const { signal } = ticking;
  const ticks = Promise.all([
    runSchedule('tick', carrier, { clock, everyMs: TICK_MS, signal }),
    runSchedule('sweep', carrier, { clock, firstMs: RECONCILE_FIRST_MS, everyMs: RECONCILE_MS, signal }),
  ]);
  shutdown.add('ticks', async () => {
    ticking.abort();
    await ticks;
  });
  return { urls: urls(), isolation, admin, records, close: () => shutdown.run() };
}

/** Nothing is counted where nobody may ask and nobody is told. */
function openMeters(
  { metrics: readers }: StandaloneConfig,
  about: Parameters<typeof serverMetrics>[0],
  viewers: () => number,
  { logger, telemetry }: { readonly logger: Logger; readonly telemetry: Telemetry },
) {
  if (readers === 'off' && !telemetry.wantsMetrics) return undefined;
  const { metrics, ...rest } = serverMetrics(about, viewers, (error) =>
    logger.warn('runs are not counted any more, or one was not', { error }),
  );
  telemetry.report(metrics);
  return { ...rest, door: { metrics, readers } };
}

function runPolicy(config: StandaloneConfig, isolation: Isolation): RunPolicy {
  return {
    isolation,
    timeoutDefaultS: config.timeoutDefaultS,
    timeoutMaxS: config.timeoutMaxS,
    stopTimeoutMs: config.stopTimeoutS * 1000,
    limits: config.limits,
    ...logPolicy(config),
    trustAllUsers: config.trustAllUsers,
    gitRoots: config.gitRoots,
    platform: platformOf(process.arch),
    cloud: 'LOCAL',
  };
}

/** Only this user may connect; a socket file of a dead server is in nobody's way, because the data directory is ours. */
async function listenPrivately(app: ReturnType<typeof buildProcessor>, path: string): Promise<void> {
  rmSync(path, { force: true });
  await app.listen({ path });
  chmodSync(path, 0o600);
}
