import { chunkRef, executionRef, systemClock, type JobRunner } from '@runvoy/core';
import {
  openDataDir,
  openFileArchive,
  openLocalEventBus,
  openLocalVault,
  openSigningKeys,
  openSqliteRecords,
} from '@runvoy/provider-local';
import { silentLogger } from '@runvoy/runtime';
import { readStandaloneConfig } from '../../services/standalone/src/config.ts';
import { startStandalone } from '../../services/standalone/src/standalone.ts';
import { sampleChunks, sampleEndRecord, sampleExecution } from '../sample-run.ts';
import { reportToBench } from '../subject.ts';

// The whole standalone server on a platform that starts nothing: what it costs is its own.
const [directory, logLines] = process.argv.slice(2);
const config = readStandaloneConfig(['--json', '--port', '0', '--data-dir', directory!], {});
const dataDir = openDataDir(config.dataDir);
const records = openSqliteRecords(dataDir.database);

const execution = sampleExecution(1);
if (logLines !== undefined) {
  await records.create(executionRef(execution.execution_id), {
    ...execution,
    end_record: sampleEndRecord(Number(logLines)),
  });
  for (const chunk of sampleChunks(execution.execution_id, Number(logLines), 100)) {
    await records.create(chunkRef(execution.execution_id, chunk.from), chunk);
  }
}

const jobs: JobRunner & AsyncDisposable = {
  isolations: ['process'],
  longestGraceMs: Infinity,
  nameOf: ({ execution_id }) => execution_id,
  start: async ({ execution_id }) => ({ outcome: 'started', platform_execution: execution_id }),
  look: async ({ execution_id }) => ({ state: 'starting', platform_execution: execution_id }),
  cancel: async () => undefined,
  readSafetyLane: async () => ({ entries: (async function* () {})(), final: false }),
  list: async () => ({ executions: [] }),
  forget: async () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
};
const server = await startStandalone(
  config,
  dataDir,
  {
    records,
    archive: await openFileArchive(dataDir.archive),
    vault: await openLocalVault(dataDir.vaultKeys),
    signingKeys: await openSigningKeys(dataDir.signingKeys),
    openBus: (deliver) =>
      openLocalEventBus({
        path: dataDir.queue,
        deliver: async (event) => ((await deliver(event)) ? 'ack' : 'retry'),
        clock: systemClock,
        random: Math.random,
      }),
    openJobs: async () => jobs,
    close: async () => records.close(),
  },
  { logger: silentLogger, consoleRoot: '' },
);
reportToBench({ url: server.urls.http, key: server.admin.api_key, execution_id: execution.execution_id });
