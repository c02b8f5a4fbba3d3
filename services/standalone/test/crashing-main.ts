// The standalone server as `main.ts` wires it, with one moment of a run's life armed. For tests alone: no production code
// knows of crashes.
//
// RUNVOY_CRASH_AT names it, for instance `after batch 2`; RUNVOY_CRASH_ACT says what happens then:
//   kill   this process gets SIGKILL from itself
//   pause  the moment is printed and lasts until SIGUSR2
//   lose   runners that wait for an answer never get it: their connections are cut
import { writeSync } from 'node:fs';
import { systemClock } from '@runvoy/core';
import {
  openDataDir,
  openFileArchive,
  openLocalEventBus,
  openLocalJobRunner,
  openLocalVault,
  openSigningKeys,
  openSqliteRecords,
} from '@runvoy/provider-local';
import { silentLogger } from '@runvoy/runtime';
import { readStandaloneConfig } from '../src/config.ts';
import { CONSOLE_ROOT, RUNNER_MAIN } from '../src/places.ts';
import { startStandalone } from '../src/standalone.ts';
import { tellingBus, tellingJobs, tellRunnerCalls, type Reach } from './crash-points.ts';
import { tellingExecutions } from './execution-moments.ts';

const [, armedSide, armedMoment, armedCount] = /^(before|after) (.+?) (\d+)$/.exec(
  process.env['RUNVOY_CRASH_AT'] ?? '',
)!;
const act = process.env['RUNVOY_CRASH_ACT'] ?? 'kill';

let seen = 0;
const reach: Reach = (side, moment) => {
  if (side !== armedSide || moment !== armedMoment) return;
  seen += 1;
  if (seen !== Number(armedCount)) return;
  if (act === 'kill') {
    process.kill(process.pid, 'SIGKILL');
    // Nothing more is done, however long the signal takes.
    return new Promise(() => undefined);
  }
  // Listened for before anybody can know that it is time to send it.
  const resumed = new Promise<void>((resolve) => process.once('SIGUSR2', () => resolve()));
  writeSync(1, `${JSON.stringify({ reached: `${side} ${moment} ${seen}` })}\n`);
  return act === 'lose' ? cutCalls() : resumed;
};
const cutCalls = tellRunnerCalls(reach);

const config = readStandaloneConfig(process.argv.slice(2), process.env);
const dataDir = openDataDir(config.dataDir);
const records = openSqliteRecords(dataDir.database);
const server = await startStandalone(
  config,
  dataDir,
  {
    records: tellingExecutions(records, reach),
    archive: await openFileArchive(dataDir.archive),
    vault: await openLocalVault(dataDir.vaultKeys),
    signingKeys: await openSigningKeys(dataDir.signingKeys),
    openBus: (deliver) => {
      const bus = openLocalEventBus({
        path: dataDir.queue,
        deliver: async (event) => ((await deliver(event)) ? 'ack' : 'retry'),
        clock: systemClock,
        random: Math.random,
      });
      return tellingBus(bus, reach);
    },
    openJobs: async (onEnded) => {
      const jobs = await openLocalJobRunner({
        dataDir: dataDir.path,
        intakeSocket: dataDir.intakeSocket,
        runnerMain: RUNNER_MAIN,
        clock: systemClock,
        onEnded,
        hostEnv: process.env,
      });
      return tellingJobs(jobs, reach);
    },
    close: async () => records.close(),
  },
  { logger: silentLogger, consoleRoot: CONSOLE_ROOT },
);
process.once('SIGTERM', () => void server.close().then(() => process.exit(0)));
process.stdout.write(
  `${JSON.stringify({
    api_url: server.urls.http,
    websocket_url: server.urls.stream,
    data_dir: config.dataDir,
    pid: process.pid,
    admin_email: server.admin.email,
    api_key: server.admin.api_key,
  })}\n`,
);
