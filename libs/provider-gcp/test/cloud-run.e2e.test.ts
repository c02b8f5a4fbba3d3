import { describe, expect, jest, test } from '@jest/globals';
import type { PlatformEntry } from '@runvoy/core';
import { readPlatformEntry } from '../src/index.ts';
import { whyNoContainers } from './job-runner/containers-here.ts';
import { IMAGE, openCloudRunWorld, ORCHESTRATOR, until, type CloudRunWorld } from './job-runner/cloud-run-world.ts';
import { SETTINGS } from './job-runner/scripted-run-api.ts';

// Real processes on a machine that may be busy with others.
jest.setTimeout(60_000);

const ENDLESS = 'echo begun; while :; do sleep 0.1; done';
const CODE = {
  deadlineExceeded: 4,
  unknown: 2,
  failedPrecondition: 9,
  aborted: 10,
  resourceExhausted: 8,
  unavailable: 14,
};

const why = whyNoContainers();
const here: (name: string, tests: () => void) => void = (name, tests) =>
  why === undefined ? describe(name, tests) : describe.skip(`${name} — skipped: ${why}`, tests);

async function startNamed(world: CloudRunWorld) {
  const order = world.order();
  const answer = await world.jobs.start(order);
  if (answer.outcome !== 'started' || answer.platform_execution === undefined) throw new Error(JSON.stringify(answer));
  return { ...order, platform_execution: answer.platform_execution };
}

/** Resolves when the script's first line is out. */
async function startEndless(world: CloudRunWorld) {
  const started = await startNamed(world);
  await until('it to run', () => world.entries.some(({ textPayload }) => textPayload === 'begun'));
  return started;
}

here('a start at Cloud Run', () => {
  test('[ran-twice] that was accepted and answered 503 starts the command once, and a look finds it', async () => {
    await using world = await openCloudRunWorld('exit 0');
    world.fake.faults.calls.next({ method: 'RunJob', code: CODE.unavailable, afterwards: true });
    const order = world.order();
    await expect(world.jobs.start(order)).rejects.toMatchObject({ code: CODE.unavailable });
    await expect(world.jobs.start(order)).rejects.toMatchObject({ code: CODE.unavailable });
    expect(await world.ended(order)).toMatchObject({ kind: 'exited' });
    expect(world.calls('RunJob')).toHaveLength(1);
    const { executions } = await world.jobs.list({ limit: 10 });
    expect(executions.map(({ execution_id }) => execution_id)).toEqual([order.execution_id]);
  });

  test('whose answer is lost on its way is looked for while lists do not show it yet', async () => {
    await using world = await openCloudRunWorld('exit 0');
    world.fake.faults.listingLagMs = 1_500;
    world.fake.faults.calls.next({ method: 'RunJob', code: CODE.unavailable, afterwards: true });
    const order = world.order();
    await expect(world.jobs.start(order)).rejects.toMatchObject({ code: CODE.unavailable });
    expect(await world.jobs.look(order)).toEqual({ state: 'absent', never: false });
    expect(await world.ended(order)).toMatchObject({ kind: 'exited' });
  });

  test('[ran-twice] whose answer never comes rejects within eight seconds, and the run is there', async () => {
    await using world = await openCloudRunWorld('exit 0');
    world.fake.faults.hold('RunJob');
    const order = world.order();
    const before = performance.now();
    await expect(world.jobs.start(order)).rejects.toMatchObject({ code: CODE.deadlineExceeded });
    // Its Job is made before, on a machine that may be busy.
    expect(performance.now() - before).toBeLessThan(20_000);
    expect(world.calls('RunJob')).toHaveLength(1);
    expect(await world.ended(order)).toMatchObject({ kind: 'exited' });
  });

  test('that was refused before it was accepted is not taken for started', async () => {
    await using world = await openCloudRunWorld('exit 0');
    world.fake.faults.calls.next({ method: 'RunJob', code: CODE.unavailable });
    const order = world.order();
    await expect(world.jobs.start(order)).rejects.toMatchObject({ code: CODE.unavailable });
    expect(await world.jobs.look(order)).toEqual({ state: 'absent', never: false });
  });

  test('for which there is no room at first goes through', async () => {
    await using world = await openCloudRunWorld('exit 0');
    world.fake.faults.calls.next({ method: 'RunJob', code: CODE.resourceExhausted, times: 2 });
    const order = world.order();
    expect(await world.jobs.start(order)).toMatchObject({ outcome: 'started' });
    expect(world.calls('RunJob')).toHaveLength(3);
    await world.ended(order);
    expect((await world.jobs.list({ limit: 10 })).executions).toHaveLength(1);
  });

  test('of one image by two instances at once makes one Job, and each run has its execution', async () => {
    await using world = await openCloudRunWorld('exit 0');
    const other = await world.open();
    const [one, two] = [world.order(), world.order()];
    const answers = await Promise.all([world.jobs.start(one), other.start(two)]);
    expect(answers).toMatchObject([{ outcome: 'started' }, { outcome: 'started' }]);
    const names = new Set(world.calls('RunJob').map(({ name }) => name));
    expect(names.size).toBe(1);
    await Promise.all([world.ended(one), world.ended(two)]);
  });

  test('finds a Job that another instance has made as it was written, and changes nothing of it', async () => {
    await using world = await openCloudRunWorld('exit 0');
    await world.jobs.start(world.order());
    expect(await (await world.open()).start(world.order())).toMatchObject({ outcome: 'started' });
    expect([world.calls('CreateJob').length, world.calls('UpdateJob').length]).toEqual([1, 0]);
  });

  test('of an image that is not there is rejected or never begins, for that reason', async () => {
    await using world = await openCloudRunWorld('exit 0');
    const order = world.order({ image: 'docker.io/library/missing:1' });
    const answer = await world.jobs.start(order);
    const outcome = answer.outcome === 'rejected' ? answer : await world.ended(order);
    expect(outcome).toMatchObject({ reason: 'image_pull' });
    if (answer.outcome === 'started') expect(outcome).toMatchObject({ kind: 'never_started' });
  });

  test('without the permission for overrides is rejected: nothing was started', async () => {
    await using world = await openCloudRunWorld('exit 0');
    world.iam.revoke(ORCHESTRATOR, 'run.jobs.runWithOverrides');
    expect(await world.jobs.start(world.order())).toMatchObject({ outcome: 'rejected', reason: 'permission_denied' });
    expect((await world.jobs.list({ limit: 10 })).executions).toEqual([]);
  });

  test('says to Google nothing but the image, its size, our own addresses, an id, a number and a token', async () => {
    await using world = await openCloudRunWorld('exit 0');
    const order = world.order();
    await world.jobs.start(order);
    await world.ended(order);
    const variables = [...world.calls('CreateJob'), ...world.calls('RunJob')].flatMap(variablesIn);
    expect(variables.toSorted(([a], [b]) => (a < b ? -1 : 1))).toEqual([
      ['RUNVOY_ATTEMPT', '1'],
      ['RUNVOY_BOOTSTRAP_TOKEN', order.token],
      ['RUNVOY_EXECUTION_ID', order.execution_id],
      ['RUNVOY_INTAKE_URL', SETTINGS.intakeUrl],
    ]);
    expect(world.calls('RunJob')).toMatchObject([
      {
        overrides: { timeout: { seconds: '4270' }, containerOverrides: [{ name: 'sidecar', args: [] }] },
      },
    ]);
  });
});

/** Every variable of every container that a request names. */
function variablesIn(request: unknown): [name: string, value: string][] {
  if (typeof request !== 'object' || request === null) return [];
  const { name, value } = request as { name?: string; value?: string };
  const own: [string, string][] = typeof name === 'string' && typeof value === 'string' ? [[name, value]] : [];
  return [...own, ...Object.values(request).flatMap(variablesIn)];
}

here('a look at Cloud Run', () => {
  test('sees an image being pulled, a run, and its end with the exit code, which stands in the task', async () => {
    await using world = await openCloudRunWorld('exit 7');
    world.fake.faults.images.set(IMAGE, { pullMs: 500 });
    const order = world.order();
    await world.jobs.start(order);
    expect(await world.jobs.look(order)).toMatchObject({ state: 'starting', waiting_for: 'image_pull' });
    const end = await world.ended(order);
    expect(end).toMatchObject({ kind: 'exited', details: expect.stringContaining('a container exited with 7') });
    expect(await world.jobs.look(order)).toEqual({ state: 'ended', end });
    // Google's client would poll it until the command ends, and reject with its failure.
    expect(world.calls('GetOperation')).toEqual([]);
    expect(world.calls('WaitOperation')).toEqual([]);
  });

  test('takes an execution for alive as long as its completion time is not written', async () => {
    await using world = await openCloudRunWorld('exit 0', { platform: { completionLagMs: 1_000 } });
    const order = world.order();
    await world.jobs.start(order);
    const states = new Set<string>();
    await until('the end', async () => {
      const view = await world.jobs.look(order);
      states.add(view.state);
      return view.state === 'ended';
    });
    expect([...states].filter((state) => state !== 'starting')).toEqual(['alive', 'ended']);
  });

  test('names a want of memory', async () => {
    await using world = await openCloudRunWorld(ENDLESS);
    const started = await startEndless(world);
    world.fake.runOutOfMemory(started.platform_execution, 'runner');
    expect(await world.ended(started)).toMatchObject({ kind: 'exited', reason: 'out_of_memory' });
  });

  test('at one that the platform has forgotten finds nothing', async () => {
    await using world = await openCloudRunWorld('exit 0', { platform: { keptExecutions: 1 } });
    const first = await startNamed(world);
    await world.ended(first);
    await world.ended(await startNamed(world));
    await until('it to be forgotten', async () => (await world.jobs.look(first)).state === 'absent');
  });

  test('that cannot be answered rejects', async () => {
    await using world = await openCloudRunWorld('exit 0');
    world.fake.faults.calls.next({ method: 'ListExecutions', code: CODE.unavailable, times: 4 });
    await expect(world.jobs.look(world.order())).rejects.toMatchObject({ code: CODE.unavailable });
    expect(world.calls('ListExecutions')).toHaveLength(4);
    expect(await world.jobs.look(world.order())).toEqual({ state: 'absent', never: false });
  });
});

here('a cancel at Cloud Run', () => {
  test.each([[[]], [[CODE.unknown]], [[CODE.aborted]]] as const)(
    'ends the run as cancelled, whatever its operation ends with (%j)',
    async (codes) => {
      await using world = await openCloudRunWorld(ENDLESS);
      world.fake.faults.cancelOperationCodes.push(...(codes as readonly (2 | 10)[]));
      const started = await startEndless(world);
      await world.jobs.cancel(started, { grace_ms: 5_000 });
      await world.jobs.cancel(started, { grace_ms: 5_000 });
      const end = await world.ended(started);
      expect(end).toMatchObject({ kind: 'cancelled' });
      await world.jobs.cancel(started, { grace_ms: 0 });
      expect(await world.jobs.look(started)).toEqual({ state: 'ended', end });
    },
  );

  test.each([CODE.unknown, CODE.failedPrecondition, CODE.aborted])(
    'that has worked and is answered with code %i is no error',
    async (code) => {
      await using world = await openCloudRunWorld(ENDLESS);
      const started = await startEndless(world);
      world.fake.faults.calls.next({ method: 'CancelExecution', code, afterwards: true });
      await world.jobs.cancel(started, { grace_ms: 0 });
      expect(await world.ended(started)).toMatchObject({ kind: 'cancelled' });
    },
  );

  test('by a name that is another run’s leaves that run alone', async () => {
    await using world = await openCloudRunWorld(ENDLESS);
    const started = await startEndless(world);
    const liar = { ...world.order(), platform_execution: started.platform_execution };
    await world.jobs.cancel(liar, { grace_ms: 0 });
    expect(world.calls('CancelExecution')).toEqual([]);
    expect(await world.jobs.look(liar)).toEqual({ state: 'absent', never: false });
    await world.jobs.cancel(started, { grace_ms: 0 });
    await world.ended(started);
  });
});

here('what Cloud Run writes to the log', () => {
  test('about an end and a cancel names the run to look at, and is read as the platform’s word of it', async () => {
    await using world = await openCloudRunWorld(`echo text; echo '{"runvoy":"logs"}'; echo oops >&2; ${ENDLESS}`);
    const started = await startEndless(world);
    await world.jobs.cancel(started, { grace_ms: 0 });
    await world.ended(started);
    const about = (log: string) =>
      world.entries
        .filter(({ logName }) => logName.endsWith(log))
        .map((entry) => readPlatformEntry(overTheWire(entry)));
    const { execution_id, platform_execution } = started;
    const changed: PlatformEntry = { kind: 'execution_changed', platform_execution, execution_id };
    await until('the completion', () => about('system_event').length > 0);
    expect(about('system_event')).toEqual([changed]);
    expect(about('activity')).toContainEqual(changed);
    const printed = (log: string) => about(log).flatMap((entry) => (entry.kind === 'output' ? [entry.printed] : []));
    expect(printed('%2Fstdout')).toEqual(['text', { runvoy: 'logs' }, 'begun']);
    expect(printed('%2Fstderr')).toEqual(['oops']);
  });
});

here('the permission table', () => {
  test('grants all that a run’s life asks for', async () => {
    await using world = await openCloudRunWorld(ENDLESS);
    const started = await startEndless(world);
    await world.jobs.list({ limit: 10 });
    await world.jobs.cancel(started, { grace_ms: 0 });
    await world.ended(started);
    const failing = world.order({ image: 'docker.io/library/missing:1' });
    if ((await world.jobs.start(failing)).outcome === 'started') await world.ended(failing);
    expect(world.iam.refused()).toEqual([]);
    const used = world.iam.used().map(({ permission }) => permission);
    expect([...new Set(used)].toSorted()).toEqual(
      expect.arrayContaining(['run.executions.cancel', 'run.executions.get', 'run.executions.list', 'run.jobs.create']),
    );
    // It is a permission of the whole project, and nothing here polls.
    expect(used).not.toContain('run.operations.get');
  });
});

function overTheWire(entry: object): unknown {
  return JSON.parse(JSON.stringify(entry));
}
