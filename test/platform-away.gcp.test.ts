import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  executionRef,
  reconcileHealth,
  recordFinished,
  recordHeartbeat,
  tick,
  type Execution,
  type HealthProbe,
} from '@runvoy/core';
import { buildEventProcessor } from '@runvoy/processor';
import { openHealthProbe, readPlatformEntry } from '@runvoy/provider-gcp';
import { fakeAccounts, fakeSecretManager, type LogEntry } from '@runvoy/google-fakes';
import { silentLogger } from '@runvoy/runtime';
import { openClockedCloud, SETTINGS, type ClockedCloud, type CloudRun } from './clocked-cloud.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** What gRPC and HTTP say for it. */
const UNAVAILABLE = { grpc: 14, http: 503 };

/** A deployment's intake and ticks over a Google Cloud that can go away as a whole. */
async function openDeployment() {
  const cloud = await openClockedCloud();
  const { world, cloudRun, logging } = cloud;
  const secrets = fakeSecretManager();
  const accounts = fakeAccounts({ project: SETTINGS.project, accounts: [SETTINGS.defaultServiceAccount] });
  const probe: HealthProbe & AsyncDisposable = openHealthProbe({
    ...SETTINGS,
    secretsPrefix: 'runvoy-secrets',
    readsAccounts: true,
    clock: { ...world.clock, sleep: async () => undefined },
    random: Math.random,
    runEndpoint: (await cloudRun.listenAs()).host,
    secretManagerEndpoint: (await secrets.listenAs()).host,
    iamEndpoint: (await accounts.listenAs()).host,
  });
  const deps = { ...cloud.deps(), probe };
  const events = buildEventProcessor({ ...deps, logger: silentLogger, readPlatformEntry });
  const noticed: string[] = [];
  return {
    ...cloud,
    /** Nobody at Google answers, until the function returned is called. */
    goAway() {
      const back = [
        cloudRun.faults.calls.refuseAll(UNAVAILABLE.grpc),
        logging.faults.refuseAll(UNAVAILABLE.http),
        secrets.faults.refuseAll(UNAVAILABLE.grpc),
        accounts.faults.refuseAll(UNAVAILABLE.http),
      ];
      return () => back.forEach((one) => one());
    },
    tick: () => tick(deps, (_, about) => noticed.push(about)),
    report: () => reconcileHealth(deps, 'schedule', (_, about) => noticed.push(about)),
    /** As Pub/Sub pushes what the sink sent it; answers the HTTP status. */
    async push(entry: LogEntry) {
      const data = Buffer.from(JSON.stringify(entry)).toString('base64');
      const payload = { subscription: 's', message: { messageId: entry.insertId, data } };
      const headers = { 'content-type': 'application/json' };
      return (await events.inject({ method: 'POST', url: '/events', headers, payload })).statusCode;
    },
    /** The events of what has ended, as the log has them by now. */
    completions: () => logging.entries.filter(({ logName }) => logName.endsWith('system_event')),
    async stored({ run: { id } }: Pick<CloudRun, 'run'>) {
      return (await world.records.get(executionRef(id)))!.value;
    },
    cancels: () => cloudRun.calls.filter(({ method }) => method === 'CancelExecution'),
    async [Symbol.asyncDispose]() {
      await events.close();
      await probe[Symbol.asyncDispose]();
      await cloud[Symbol.asyncDispose]();
      await secrets[Symbol.asyncDispose]();
      await accounts[Symbol.asyncDispose]();
    },
  };
}

type Deployment = Awaited<ReturnType<typeof openDeployment>>;

const outcome = ({ status, exit_code, reason }: Execution) =>
  [status, exit_code, reason].filter((part) => part !== undefined).join(' ');

describe('with Google Cloud away for ten minutes', () => {
  let cloud: Deployment;
  let runs: Readonly<Record<'goesOn' | 'reported' | 'printed' | 'lost', CloudRun>>;
  let late: Awaited<ReturnType<ClockedCloud['submitted']>>;

  beforeEach(async () => {
    cloud = await openDeployment();
    runs = {
      goesOn: await cloud.running(),
      reported: await cloud.running(),
      printed: await cloud.running(),
      lost: await cloud.running(),
    };
    late = await cloud.submitted();
  });
  afterEach(async () => cloud[Symbol.asyncDispose]());

  const all = () => Object.values(runs);
  const outcomes = () => Promise.all(all().map(async (run) => outcome(await cloud.stored(run))));

  /** Ten minutes of ticks that are answered by nobody, while one run goes on, three end, and a start comes. */
  async function outage(): Promise<void> {
    const { world, cloudRun, googleClock } = cloud;
    const { goesOn, reported, printed, lost } = runs;
    const back = cloud.goAway();
    for (let minute = 1; minute <= 10; minute += 1) {
      cloud.pass(MINUTE_MS);
      await recordHeartbeat(world, goesOn.run.id, goesOn.run.heartbeat());
      for (const run of minute < 9 ? [printed, lost] : [])
        await recordHeartbeat(world, run.run.id, run.run.heartbeat());
      const ended = { atMs: googleClock.now(), exitCode: 3 };
      if (minute === 2) cloudRun.end(reported.name, ended);
      if (minute === 2) await recordFinished(world, reported.run.id, reported.run.report({ exit_code: 3 }));
      if (minute === 9) cloudRun.end(printed.name, ended);
      if (minute === 9) cloud.print(printed.name, printed.run.laneEntry(printed.run.report({ exit_code: 7 })));
      if (minute === 10) cloudRun.end(lost.name, ended);
      expect(await cloud.tick()).toMatchObject({ looked: 0, failed: 5 });
      expect(await outcomes()).toEqual(['RUNNING', 'RUNNING', 'RUNNING', 'RUNNING']);
    }
    back();
  }

  test('no verdict comes of it, and the health report names what could not be checked', async () => {
    const back = cloud.goAway();
    cloud.pass(MINUTE_MS);
    const report = await cloud.report();
    expect(report.unchecked.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['compute', 'secrets', 'identity', 'sweep']),
    );
    const unmade = report.issues.filter(({ resource_type }) => resource_type === 'health_check');
    expect(unmade.map(({ resource_id }) => resource_id).toSorted()).toEqual([
      'compute',
      'identity',
      'secrets',
      'sweep',
    ]);
    expect(report.runs_status).toMatchObject({ unfinished: 5, stuck: [] });
    back();
    await outage();
    expect(cloud.cancels()).toEqual([]);
    const after = await cloud.report();
    expect(after.unchecked.map(({ what }) => what)).not.toContain('sweep');
  });

  test('and a clock that then jumps an hour, each run gets its own verdict and nobody else’s', async () => {
    await outage();
    cloud.world.clock.jump(HOUR_MS);
    cloud.show(late);
    await cloud.tick();
    // Lost is lost only when the log's own clock says that its report can no longer come; ours is an hour ahead.
    expect(await outcomes()).toEqual(['RUNNING', 'FAILED 3', 'FAILED 7', 'RUNNING']);
    expect(await late.execution()).toMatchObject({ status: 'STARTING' });
    cloud.pass(MINUTE_MS);
    await recordHeartbeat(cloud.world, runs.goesOn.run.id, runs.goesOn.run.heartbeat());
    await cloud.tick();
    expect(await outcomes()).toEqual(['RUNNING', 'FAILED 3', 'FAILED 7', 'FAILED 1 lost']);
    cloud.world.clock.jump(-HOUR_MS);
    await cloud.tick();
    expect(await outcomes()).toEqual(['RUNNING', 'FAILED 3', 'FAILED 7', 'FAILED 1 lost']);
    expect(await late.execution()).toMatchObject({ status: 'STARTING' });
    expect(cloud.cancels()).toEqual([]);
  });

  test('an event that comes too early, in the wrong order or a day late changes no verdict', async () => {
    await outage();
    const { cloudRun, googleClock, world } = cloud;
    const { goesOn, lost } = runs;
    cloud.pass(MINUTE_MS);
    await cloud.tick();
    const ended = ['FAILED 3', 'FAILED 7', 'FAILED 1 lost'];
    expect(await outcomes()).toEqual(['RUNNING', ...ended]);
    expect(outcome(await late.execution())).toBe('FAILED 1 start_timeout');

    cloudRun.end(goesOn.name, { atMs: googleClock.now(), exitCode: 0 });
    await until('all completion events', () => cloud.completions().length === all().length);
    const back = cloud.goAway();
    // Not acknowledged: it comes again.
    expect(await cloud.push(cloud.completions().at(-1)!)).toBeGreaterThanOrEqual(500);
    back();
    expect(await cloud.push(cloud.completions().at(-1)!)).toBe(204);
    expect(await outcomes()).toEqual(['RUNNING', ...ended]);
    await recordFinished(world, goesOn.run.id, goesOn.run.report({ exit_code: 0 }));
    expect(await outcomes()).toEqual(['SUCCEEDED 0', ...ended]);

    cloud.pass(24 * HOUR_MS);
    cloud.print(lost.name, lost.run.laneEntry(lost.run.report({ exit_code: 0 })));
    for (const entry of cloud.logging.entries.toReversed()) expect(await cloud.push(entry)).toBe(204);
    await cloud.tick();
    expect(await outcomes()).toEqual(['SUCCEEDED 0', ...ended]);
    expect(outcome(await late.execution())).toBe('FAILED 1 start_timeout');
    expect(cloud.cancels()).toEqual([]);
  });
});

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds(); turn += 1) {
    if (turn > 1_000) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
