#!/usr/bin/env node
import { defaultImageRef, recordsLiveFeed, systemClock } from '@runvoy/core';
import {
  meterRequests,
  newHttpApp,
  observeService,
  originsIn,
  serve,
  type Observed,
  type OpenService,
  type Shutdown,
} from '@runvoy/runtime';
import { buildLiveView, meterViewers, mountLiveView, type LiveViewDeps } from './index.ts';
import { VERSION } from './version.ts';

/** The service with the provider that `RUNVOY_BACKEND_PROVIDER` names. The other one is never loaded. */
interface Opened {
  readonly deps: LiveViewDeps;
  readonly observed: Observed;
  readonly accessLog: boolean;
  readonly port: number;
  readonly host?: string;
}

const isLocal = process.env['RUNVOY_BACKEND_PROVIDER']?.toLowerCase() === 'local';
const about = { name: 'runvoy-websocket', version: VERSION, env: process.env };

/** Alone on a data directory: shows what is stored. Nothing is added meanwhile, because the store belongs to one process. */
async function openLocal(shutdown: Shutdown): Promise<Opened> {
  const { openDataDir, openFileArchive, openSigningKeys, openSqliteRecords, readLocalConfig } =
    await import('@runvoy/provider-local');
  const config = readLocalConfig(process.env);
  const observed = await observeService({ ...about, logLevel: config.logLevel }, shutdown);
  const dataDir = openDataDir(config.dataDir);
  const records = openSqliteRecords(dataDir.database);
  shutdown.add('store', () => records.close());
  const deps = {
    records,
    archive: await openFileArchive(dataDir.archive),
    feed: recordsLiveFeed(records),
    signingKeys: await openSigningKeys(dataDir.signingKeys),
    clock: systemClock,
    logger: observed.logger,
    allowedOrigins: () => false,
  };
  return { deps, observed, accessLog: config.accessLog, port: config.port, host: '127.0.0.1' };
}

async function openGcp(shutdown: Shutdown): Promise<Opened> {
  const gcp = await import('@runvoy/provider-gcp');
  const config = gcp.readGcpConfig(process.env);
  const observed = await observeService(
    {
      ...about,
      name: config.websocketService,
      logLevel: config.logLevel,
      project: config.project,
      receiver: gcp.telemetryReceiver(config),
      metricsNamespace: config.metricsNamespace,
    },
    shutdown,
  );
  const ports = gcp.gcpPorts(config);
  const records = ports.records();
  shutdown.add('store', () => records.close());
  const deps = {
    records,
    archive: ports.archive(),
    feed: recordsLiveFeed(records),
    signingKeys: config.signingKeys,
    clock: systemClock,
    logger: observed.logger,
    allowedOrigins: originsIn([...config.allowedOrigins, ...(config.webUrl === undefined ? [] : [config.webUrl])]),
  };
  return { deps, observed, accessLog: config.accessLog, port: config.port, host: config.host };
}

async function open(shutdown: Shutdown): Promise<OpenService> {
  const { deps, observed, accessLog, port, host } = await (isLocal ? openLocal(shutdown) : openGcp(shutdown));
  const { tracing, metrics, ready } = observed;
  const app = newHttpApp({ ...deps, tracing, accessLog });
  const liveView = buildLiveView(deps);
  if (metrics) {
    meterRequests(app, metrics);
    meterViewers(metrics, () => liveView.viewers());
  }
  mountLiveView(app, liveView);
  return {
    name: 'websocket',
    app,
    ready,
    port,
    ...(host === undefined ? {} : { host }),
    logger: deps.logger,
    checks: {
      store: async () => {
        await deps.records.get(defaultImageRef);
      },
    },
    // Viewers are told to come back (1012) before the server stops listening to them.
    drain: () => liveView.close(),
  };
}

await serve(open);
