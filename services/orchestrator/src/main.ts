#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import {
  auditedRecords,
  auditLine,
  defaultImageRef,
  logPolicy,
  openAdminDoor,
  openAdminDoorByHash,
  platformOf,
  registerImage,
  slotLimits,
  systemClock,
} from '@runvoy/core';
import {
  explain,
  observeService,
  originsIn,
  serve,
  tellRuns,
  tracedBus,
  tracedJobs,
  type Observed,
  type OpenService,
  type Shutdown,
} from '@runvoy/runtime';
import {
  buildOrchestrator,
  consolePages,
  meterRateLimits,
  ratePolicy,
  signInUrl,
  type OrchestratorDeps,
} from './index.ts';
import { noJobs } from './no-jobs.ts';
import { VERSION } from './version.ts';

/** The service with the provider that `RUNVOY_BACKEND_PROVIDER` names, and who its admin is. The other provider is never loaded. */
interface Opened {
  readonly deps: OrchestratorDeps;
  readonly observed: Observed;
  readonly port: number;
  readonly host?: string;
  readonly adminEmail?: string | undefined;
  /** What runs use that name no image, until somebody chooses another. */
  readonly defaultImage?: string;
}

/** Beside the service in its image; in a checkout there is none. */
const CONSOLE = join(import.meta.dirname, '..', 'console');

const isLocal = process.env['RUNVOY_BACKEND_PROVIDER']?.toLowerCase() === 'local';
const openProvider = (shutdown: Shutdown): Promise<Opened> => (isLocal ? openLocal(shutdown) : openGcp(shutdown));
const common = { clock: systemClock, random: randomBytes, version: VERSION };
const SERVICE = { name: 'runvoy-orchestrator', version: VERSION, env: process.env };
/** A command's stdout is its answer; the platform's log reads both. */
const toAudit = (line: string) => void (process.argv[2] === 'admin-link' ? process.stderr : process.stdout).write(line);

/** Alone on a data directory: users, images, records and logs. A run is refused, because no runner could reach anybody. */
async function openLocal(shutdown: Shutdown): Promise<Opened> {
  const {
    openDataDir,
    openFileArchive,
    openHealthProbe,
    openLocalVault,
    openSigningKeys,
    openSqliteRecords,
    readLocalConfig,
  } = await import('@runvoy/provider-local');
  const config = readLocalConfig(process.env);
  const observed = await observeService({ ...SERVICE, logLevel: config.logLevel }, shutdown);
  const dataDir = openDataDir(config.dataDir);
  const records = openSqliteRecords(dataDir.database);
  shutdown.add('store', () => records.close());
  const noRunner =
    'the orchestrator runs alone on this machine, and no runner could reach it. Stop it and start everything with "npm start" or "runvoy local"';
  const jobs = noJobs(noRunner);
  const deps = {
    ...common,
    records,
    archive: await openFileArchive(dataDir.archive),
    vault: await openLocalVault(dataDir.vaultKeys),
    signingKeys: await openSigningKeys(dataDir.signingKeys),
    jobs,
    probe: openHealthProbe({ dataDir, jobs }),
    startTimeoutMs: config.startTimeoutS * 1000,
    ...observedBy(observed),
    accessLog: config.accessLog,
    prices: config.prices,
    ...ratePolicy(config),
    policy: {
      isolation: 'process' as const,
      timeoutDefaultS: config.timeoutDefaultS,
      timeoutMaxS: config.timeoutMaxS,
      stopTimeoutMs: config.stopTimeoutS * 1000,
      limits: slotLimits(config),
      ...logPolicy(config),
      trustAllUsers: config.trustAllUsers,
      noRunner,
      platform: platformOf(process.arch),
      gitRoots: [],
      cloud: 'LOCAL',
    },
    streamUrl: () => `ws://127.0.0.1:${config.port}/stream`,
    consoleUrl: () => `http://127.0.0.1:${config.port}`,
  };
  return { deps, observed, port: config.port, host: '127.0.0.1' };
}

async function openGcp(shutdown: Shutdown): Promise<Opened> {
  const gcp = await import('@runvoy/provider-gcp');
  const config = gcp.readGcpConfig(process.env);
  const observed = await observeService(
    {
      ...SERVICE,
      name: config.orchestratorService,
      logLevel: config.logLevel,
      project: config.project,
      receiver: gcp.telemetryReceiver(config),
      metricsNamespace: config.metricsNamespace,
    },
    shutdown,
  );
  const ports = gcp.gcpPorts(config);
  const store = ports.records();
  shutdown.add('store', () => store.close());
  // Whatever the level of the log: a sink keeps these lines where nobody can delete them.
  const records = auditedRecords(store, (record) => toAudit(auditLine(record)));
  const jobs = ports.jobs();
  shutdown.add('job runner', async () => jobs[Symbol.asyncDispose]());
  const bus = ports.bus();
  shutdown.add('event bus', () => bus.close());
  const probe = ports.probe({ readsAccounts: false });
  shutdown.add('health probe', async () => probe[Symbol.asyncDispose]());
  const reconcileEveryMs = gcp.scheduleGapMs(config.healthReconcileSchedule);
  const deps = {
    ...common,
    records,
    archive: ports.archive(),
    bus: tracedBus(bus, observed.tracing, config.eventsTopic),
    vault: ports.vault(),
    signingKeys: config.signingKeys,
    jobs: tracedJobs(jobs, observed.tracing),
    probe,
    startTimeoutMs: config.startTimeoutS * 1000,
    ...(reconcileEveryMs === undefined ? {} : { reconcileEveryMs }),
    ...observedBy(observed),
    accessLog: config.accessLog,
    prices: config.prices,
    region: config.region,
    policy: {
      isolation: 'cloud-run' as const,
      timeoutDefaultS: config.timeoutDefaultS,
      timeoutMaxS: config.timeoutMaxS,
      stopTimeoutMs: config.stopTimeoutS * 1000,
      limits: slotLimits(config),
      ...logPolicy(config),
      trustAllUsers: true,
      gitRoots: [],
      serviceAccounts: config.jobServiceAccounts,
      // Jobs run on amd64 alone (https://cloud.google.com/run/docs/container-contract).
      platform: platformOf('x64'),
      cloud: 'GCP',
    },
    ...ratePolicy(config),
    trustedProxyHops: config.trustedProxyHops,
    allowedOrigins: originsIn([...config.allowedOrigins, ...(config.webUrl === undefined ? [] : [config.webUrl])]),
    streamUrl: () => `${config.websocketUrl}/stream`,
    consoleUrl: () => config.webUrl ?? '',
  };
  const { port, host, adminEmail, jobDefaultImage: defaultImage } = config;
  return { deps, observed, port, host, adminEmail, defaultImage };
}

/** What the service tells of itself, for those who have something to tell. */
function observedBy({ logger, tracing, metrics }: Observed) {
  return {
    logger,
    tracing,
    ended: tellRuns({ tracing, metrics }, systemClock),
    ...(metrics && { metrics: { metrics, readers: 'off' as const }, rateLimited: meterRateLimits(metrics) }),
  };
}

async function open(shutdown: Shutdown): Promise<OpenService> {
  const { deps, observed, port, host } = await openProvider(shutdown);
  const app = buildOrchestrator(deps);
  consolePages(app, CONSOLE);
  return {
    name: 'orchestrator',
    app,
    port,
    ...(host === undefined ? {} : { host }),
    logger: deps.logger,
    ready: observed.ready,
    checks: {
      store: async () => {
        await deps.records.get(defaultImageRef);
      },
    },
  };
}

/**
 * `admin-link`: prints a link that lets the admin in, once, for 15 minutes, and makes the first admin when there is nobody yet.
 * A command and not a line at every start: what a service prints is kept in the project's log, which more people read than may be admin.
 * With `--claim-hash=<hex SHA-256>` the token was drawn by who asks, and nothing is printed that lets anybody in.
 */
async function printAdminLink(): Promise<void> {
  const closing: (() => Promise<void> | void)[] = [];
  const shutdown: Shutdown = { add: (_, close) => void closing.push(close), run: async () => undefined };
  const hash = claimHash();
  const { deps, adminEmail, defaultImage } = await openProvider(shutdown);
  if (adminEmail === undefined) throw new Error('RUNVOY_ADMIN_EMAIL is not set. It names who is let in.');
  const about = { email: adminEmail, key_name: 'console', request_id: 'admin-link' };
  const opened = hash === undefined ? await doorWithToken(deps, about) : await doorByHash(deps, about, hash);
  if (defaultImage !== undefined) {
    const image = { image: defaultImage, cpu: 1_024, memory: 1_024 };
    await registerImage(deps, image, { email: adminEmail, requestId: 'admin-link' });
  }
  process.stdout.write(process.argv.includes('--json') ? `${JSON.stringify(opened.answer)}\n` : `${opened.short}\n`);
  for (const close of closing.toReversed()) await close();
}

type DoorFor = Parameters<typeof openAdminDoor>[1];

async function doorWithToken(deps: OrchestratorDeps, about: DoorFor) {
  const { claim_token, expires_at_ms } = await openAdminDoor(deps, about);
  const url = signInUrl(deps.consoleUrl(), claim_token);
  const expires_at = new Date(expires_at_ms).toISOString();
  return { answer: { admin_email: about.email, claim_token, expires_at, url }, short: url };
}

async function doorByHash(deps: OrchestratorDeps, about: DoorFor, hash: string) {
  const expires_at = new Date((await openAdminDoorByHash(deps, about, hash)).expires_at_ms).toISOString();
  return { answer: { admin_email: about.email, expires_at }, short: `${about.email} may come in until ${expires_at}` };
}

function claimHash(): string | undefined {
  const flag = '--claim-hash=';
  const hash = process.argv.find((arg) => arg.startsWith(flag))?.slice(flag.length);
  if (hash !== undefined && !/^[0-9a-f]{64}$/.test(hash)) {
    throw new Error('--claim-hash is the SHA-256 of a token: 64 hexadecimal digits.');
  }
  return hash;
}

if (process.argv[2] === 'admin-link') {
  await printAdminLink().then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${explain(error)}\n`);
      process.exit(1);
    },
  );
} else {
  await serve(open);
}
