import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { appendBatch, finishExecution, SETTLE_MS, type JobRunner, type LogAssessment } from '@runvoy/core';
import { fakeLogging, type LogEntry } from '@runvoy/google-fakes';
import type { SafetyLaneEntry } from '@runvoy/protocol';
import { silentLogger } from '@runvoy/runtime';
import { RunWorld, T0, type RunningRun } from '../../libs/core/test/run-world.ts';
import { openCloudRunJobRunner } from '../../libs/provider-gcp/src/job-runner.ts';
import { scriptedRunApi, SETTINGS } from '../../libs/provider-gcp/test/job-runner/scripted-run-api.ts';
import { openRunFiles } from '../../libs/provider-local/src/job-runner/run-files.ts';
import { settleLog } from '../../services/websocket/src/settle-log.ts';

type Lane = Pick<JobRunner, 'readSafetyLane'> & AsyncDisposable & { readonly reads: () => number };

/** The safety lanes as the providers read them, with these messages of a run's first attempt in them. */
const LANES: Readonly<Record<string, (world: RunWorld, entries: readonly SafetyLaneEntry[]) => Promise<Lane>>> = {
  async 'the spool on disk'(_, entries) {
    const directory = await mkdtemp(join(tmpdir(), 'runvoy-lane-'));
    const files = openRunFiles(directory);
    let reads = 0;
    for (const { execution_id, attempt } of entries.slice(0, 1)) {
      const runDir = files.directory({ execution_id, attempt });
      await mkdir(runDir, { recursive: true });
      await writeFile(join(runDir, 'spool.jsonl'), entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    }
    return {
      reads: () => reads,
      readSafetyLane: async (attempt) => ({ entries: files.spool(attempt), final: (reads += 1) > 0 }),
      [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
    };
  },
  async 'Cloud Logging'({ clock }, entries) {
    const logging = fakeLogging({ now: () => clock.now() });
    for (const entry of entries) logging.write(printed(entry));
    const door = await logging.listenAs();
    const api = scriptedRunApi({});
    const jobs = openCloudRunJobRunner({
      ...SETTINGS,
      clock,
      random: () => 0,
      api,
      loggingEndpoint: door.host,
    });
    return {
      reads: () => logging.lists.length,
      readSafetyLane: (attempt, missing) => jobs.readSafetyLane(attempt, missing),
      async [Symbol.asyncDispose]() {
        await jobs[Symbol.asyncDispose]();
        await door.stop();
        await logging[Symbol.asyncDispose]();
      },
    };
  },
};

function printed(jsonPayload: SafetyLaneEntry): LogEntry {
  return {
    logName: `projects/${SETTINGS.project}/logs/run.googleapis.com%2Fstdout`,
    resource: { type: 'cloud_run_job', labels: { job_name: 'rv-x' } },
    insertId: `${jsonPayload.runvoy}-${JSON.stringify(jsonPayload.body).length}`,
    timestamp: new Date(T0).toISOString(),
    receiveTimestamp: new Date(T0).toISOString(),
    labels: { container_name: 'sidecar' },
    jsonPayload,
  };
}

const TEXTS = ['one', 'two', 'three', 'four', 'five'];

/** A run that has ended and whose fast lane has brought the first and the last of its five lines. */
async function endedRun(world: RunWorld): Promise<RunningRun> {
  const run = await world.running();
  await appendBatch(world, run.id, run.logs(1, 'one'));
  await appendBatch(world, run.id, run.logs(5, 'five'));
  await run.finish({}, ...TEXTS);
  world.jobs.ended(1, T0);
  await run.look();
  return run;
}

/** What the processor does once a run has ended. */
function finish(
  { records, archive, clock, signingKeys, jobs }: RunWorld,
  { id }: RunningRun,
  { readSafetyLane }: Lane,
) {
  const platform = Object.assign(Object.create(jobs) as JobRunner, { readSafetyLane });
  return finishExecution({ records, archive, clock, signingKeys, jobs: platform }, id);
}

/** What a live view says of the log, once it says anything. */
async function watched(world: RunWorld, run: RunningRun, finished: () => Promise<unknown>) {
  let latest = await run.execution();
  const never = new AbortController().signal;
  const { records, archive, clock } = world;
  const said = settleLog({ records, archive, clock, logger: silentLogger }, () => latest, {
    proven: never,
    closing: never,
  });
  await finished();
  latest = await run.execution();
  let assessment: LogAssessment | undefined;
  void said.then((answer) => (assessment = answer));
  for (let waitedMs = 0; assessment === undefined && waitedMs < 2 * SETTLE_MS; waitedMs += 1_000) {
    world.clock.advance(1_000);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return assessment;
}

describe.each(Object.entries(LANES))('%s', (_, openLane) => {
  test('gives the lines that the other lane has lost, before a reader says that they are missing', async () => {
    const world = await RunWorld.open();
    const run = await endedRun(world);
    const entries = [run.logs(1, 'one'), run.logs(2, 'two', 'three'), run.logs(4, 'four'), run.logs(5, 'five')];
    await using lane = await openLane(
      world,
      [...entries, run.report({}, ...TEXTS)].map((body) => run.laneEntry(body)),
    );
    const said = await watched(world, run, () => finish(world, run, lane));
    expect(said).toMatchObject({ completeness: 'complete', lines: 5, gaps: [] });
    expect(lane.reads()).toBe(1);
  });

  test('that has lost them too leaves them named by their numbers', async () => {
    const world = await RunWorld.open();
    const run = await endedRun(world);
    const entries = [run.logs(1, 'one'), run.logs(4, 'four')].map((body) => run.laneEntry(body));
    await using lane = await openLane(world, entries);
    const said = await watched(world, run, () => finish(world, run, lane));
    expect(said).toMatchObject({ completeness: 'gaps', lines: 5, gaps: [{ from: 2, to: 3 }] });
  });
});
