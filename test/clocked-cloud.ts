import { randomBytes } from 'node:crypto';
import { JobsClient } from '@google-cloud/run';
import { bootstrapExecution, manualClock, type JobRunner, type ManualClock } from '@runvoy/core';
import { fakeCloudRun, fakeLogging, type FakeCloudRun, type FakeLogging } from '@runvoy/google-fakes';
import type { SafetyLaneEntry } from '@runvoy/protocol';
import { NONCE, RunningRun, RunWorld, StartedRun, T0 } from '../libs/core/test/run-world.ts';
import type { MemoryRecords } from '../libs/core/test/memory-records.ts';
import { openCloudRunJobRunner, plaintextEndpoint } from '../libs/provider-gcp/src/index.ts';
import { jobIdOf, profileOf } from '../libs/provider-gcp/src/job-runner/job-profile.ts';
import { jobOf } from '../libs/provider-gcp/src/job-runner/job-template.ts';
import { jobName, locationName } from '../libs/provider-gcp/src/job-runner/names.ts';
import { ORDER, SETTINGS } from '../libs/provider-gcp/test/job-runner/scripted-run-api.ts';

export { SETTINGS, T0 };

const PLACE = { project: SETTINGS.project, region: SETTINGS.region };
/** As many image profiles as a deployment of some size has. */
export const JOBS = 20;

/**
 * Runs in memory over the adapter, Google's own clients, and fakes of Cloud Run and its log in which nothing runs: a test says what is
 * there. The services have a clock, and Google has one of its own.
 */
export interface ClockedCloud extends AsyncDisposable {
  readonly world: RunWorld;
  /** What core's functions ask for, with the adapter of Google Cloud. */
  deps(): ReturnType<typeof depsOf>;
  readonly cloudRun: FakeCloudRun;
  readonly logging: FakeLogging;
  readonly googleClock: ManualClock;
  /** Lets time pass, everywhere. */
  pass(ms: number): void;
  /** A stored run with a start that Cloud Run has not answered. */
  submitted(): Promise<StartedRun>;
  /** Has Cloud Run show an execution of that run's; answers its name. */
  show(run: StartedRun, state?: 'waiting'): string;
  /** A run whose runner has the command, and its execution. */
  running(): Promise<CloudRun>;
  /** Puts finished executions into every job, a minute apart in each, the last of them ten minutes old. */
  seedHistory(each: number): void;
  /** What a sidecar prints: it is in the log, and nowhere else. */
  print(name: string, entry: SafetyLaneEntry): void;
}

export interface CloudRun {
  readonly run: RunningRun;
  readonly name: string;
}

/** Opens one whose jobs are there. */
export async function openClockedCloud(records?: MemoryRecords): Promise<ClockedCloud> {
  const world = await RunWorld.open(records);
  const googleClock = manualClock(T0);
  const logging = fakeLogging({ now: () => googleClock.now() });
  const cloudRun = fakeCloudRun({
    project: SETTINGS.project,
    images: { [ORDER.image]: { rootfs: 'host' }, [SETTINGS.sidecarImage]: { rootfs: 'host' } },
    now: () => googleClock.now(),
    eventLagMs: 0,
    onLogEntry: (entry) => logging.write(entry),
  });
  const runEndpoint = (await cloudRun.listenAs()).host;
  const jobs = openCloudRunJobRunner({
    ...SETTINGS,
    // A wait is over at once: what is tested is what is concluded after the last try.
    clock: { ...world.clock, sleep: async () => undefined },
    random: Math.random,
    runEndpoint,
    loggingEndpoint: (await logging.listenAs()).host,
  });
  const names = await makeJobs(runEndpoint);
  let shown = 0;

  const deps = () => depsOf(world, jobs);
  const submitted = async () => {
    const { execution, order } = await world.submit();
    return new StartedRun(world, execution.execution_id, order!);
  };
  const seed = (id: string, more: Partial<Parameters<FakeCloudRun['seed']>[0]> = {}) =>
    cloudRun.seed({
      job: names[(shown += 1) % names.length]!,
      env: { sidecar: { RUNVOY_EXECUTION_ID: id, RUNVOY_ATTEMPT: '1' } },
      createdMs: googleClock.now(),
      ...more,
    });
  return {
    world,
    deps,
    cloudRun,
    logging,
    googleClock,
    pass(ms) {
      world.clock.advance(ms);
      googleClock.advance(ms);
    },
    submitted,
    show: ({ id }, state) => seed(id, state === undefined ? {} : { state }),
    async running() {
      const { id, order } = await submitted();
      const name = seed(id);
      const asked = { token: order.token, attempt: 1, nonce: NONCE, platform_execution: name, runner_version: '1' };
      const answer = await bootstrapExecution(deps(), id, asked);
      if (answer.stop) throw new Error('told to stop');
      return { run: new RunningRun(world, id, order, answer), name };
    },
    seedHistory(each) {
      for (let agoMinutes = each + 9; agoMinutes > 9; agoMinutes -= 1) {
        const createdMs = googleClock.now() - agoMinutes * 60_000;
        const state = { atMs: createdMs + 30_000, exitCode: agoMinutes % 10 === 0 ? 1 : 0 };
        for (const job of names) seed(randomBytes(16).toString('hex'), { job, createdMs, state });
      }
    },
    print: (name, entry) => logging.write(printed(name, entry, googleClock.now())),
    async [Symbol.asyncDispose]() {
      await jobs[Symbol.asyncDispose]();
      await cloudRun.close();
      await logging[Symbol.asyncDispose]();
    },
  };
}

function depsOf(world: RunWorld, jobs: JobRunner) {
  const {
    records,
    archive,
    clock,
    random,
    vault,
    signingKeys,
    bus,
    limits,
    policy,
    batchMs,
    upSinceMs,
    startTimeoutMs,
  } = world;
  return {
    records,
    archive,
    jobs,
    clock,
    random,
    vault,
    signingKeys,
    bus,
    limits,
    policy,
    batchMs,
    upSinceMs,
    startTimeoutMs,
  };
}

/** Makes the jobs, as the first run of each would, and answers their full names. */
async function makeJobs(host: string): Promise<readonly string[]> {
  const client = new JobsClient({ projectId: PLACE.project, ...(await plaintextEndpoint(host)) });
  try {
    return await Promise.all(
      Array.from({ length: JOBS }, async (_, nth) => {
        const profile = profileOf({ ...ORDER, memory_mib: 512 + nth }, SETTINGS);
        const jobId = jobIdOf(profile);
        await client.createJob({ parent: locationName(PLACE), jobId, job: jobOf(profile) });
        return jobName(PLACE, jobId);
      }),
    );
  } finally {
    await client.close();
  }
}

function printed(name: string, entry: SafetyLaneEntry, atMs: number) {
  const timestamp = new Date(atMs).toISOString();
  return {
    logName: `projects/${PLACE.project}/logs/run.googleapis.com%2Fstdout`,
    resource: {
      type: 'cloud_run_job',
      labels: { project_id: PLACE.project, location: PLACE.region, job_name: name.replace(/-[^-]*$/, '') },
    },
    insertId: randomBytes(8).toString('hex'),
    timestamp,
    receiveTimestamp: timestamp,
    labels: { 'run.googleapis.com/execution_name': name, container_name: 'sidecar' },
    jsonPayload: { ...entry },
  };
}
