import { describe, expect, test } from '@jest/globals';
import { bootstrapExecution } from '../../src/executions/bootstrap-execution.ts';
import { SHOWN_WITHIN_MS } from '../../src/executions/decide-bootstrap.ts';
import { executionRef } from '../../src/executions/execution.ts';
import { EMPTY_INPUT, runInputRef, sealRunInput } from '../../src/executions/run-input.ts';
import { nameOf } from '../fake-job-runner.ts';
import { NONCE, RunWorld, T0, type StartedRun } from '../run-world.ts';

const ENV = { GREETING: 'hi', API_TOKEN: 'hush' };
const OTHER_NONCE = 'f'.repeat(32);

test('a runner with the token gets the command, its environment and a session, and the run is RUNNING', async () => {
  const world = await RunWorld.open();
  const run = await world.started({ command: 'make', env: ENV, timeout: 60, grace: 5 });
  world.clock.advance(2_000);
  expect(await run.bootstrap()).toEqual({
    request_id: 'req-1',
    image_id: (await run.execution()).image_id,
    command: 'make',
    env: { GREETING: 'hi' },
    secrets: { API_TOKEN: 'hush' },
    limits: { timeout_s: 60, grace_ms: 5_000, max_log_bytes: 1_000_000 },
    batch_ms: 10,
    session: {
      key: expect.stringMatching(/^[0-9a-f]{64}$/),
      key_id: 'k1',
      // Deadline and 8 days: longer than either lane keeps anything.
      expires_at: T0 + 2_000 + 60_000 + 8 * 86_400_000,
    },
  });
  expect(await run.execution()).toMatchObject({
    status: 'RUNNING',
    facts: { bound: { attempt: 1, platform_execution: nameOf(1), at_ms: T0 + 2_000 } },
  });
});

test('[bootstrap-repeat] the same nonce gets the same answer, byte for byte, however late, and writes nothing', async () => {
  const world = await RunWorld.open();
  const run = await world.started({
    env: ENV,
    git_repo: 'https://example.com/a.git',
    git_ref: 'main',
    git_path: 'sub',
  });
  const first = JSON.stringify(await run.bootstrap());
  const writes = world.records.writes.length;
  world.clock.advance(30_000);
  expect(JSON.stringify(await run.bootstrap())).toBe(first);
  expect(world.records.writes).toHaveLength(writes);
});

test('the roots of local clones come from the deployment, never from the run', async () => {
  const world = await RunWorld.open();
  const run = await world.started();
  expect(await run.bootstrap()).not.toHaveProperty('git_roots');
  const { records, vault, jobs, clock, signingKeys, batchMs } = world;
  const deps = { records, vault, jobs, clock, signingKeys, batchMs, gitRoots: ['/srv/git'] };
  expect(await bootstrapExecution(deps, run.id, run.request())).toMatchObject({ git_roots: ['/srv/git'] });
});

test('[one-runner] of two runners that ask at once only one gets the command', async () => {
  const world = await RunWorld.open();
  const run = await world.started();
  const asked = await Promise.allSettled([run.bootstrap(), run.bootstrap({ nonce: OTHER_NONCE })]);
  expect(asked.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

describe('a second nonce of the bound attempt', () => {
  test('is refused, recorded and cancelled, and the run ends as bootstrap_conflict once the platform says so', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    await expect(run.bootstrap({ nonce: OTHER_NONCE })).rejects.toMatchObject({ code: 'BOOTSTRAP_REFUSED' });
    expect(await run.execution()).toMatchObject({ status: 'RUNNING', faults: [{ kind: 'bootstrap_conflict' }] });
    expect(world.jobs.cancelled).toEqual([{ attempt: 1, platform_execution: nameOf(1), grace_ms: 0 }]);
    world.jobs.ended(1, T0 + 500, { kind: 'cancelled' });
    await run.look();
    expect(await run.execution()).toMatchObject({ status: 'FAILED', exit_code: 1, reason: 'bootstrap_conflict' });
  });

  test('is recorded once, however often it tries', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    for (let tries = 0; tries < 3; tries += 1) {
      await expect(run.bootstrap({ nonce: OTHER_NONCE })).rejects.toMatchObject({ code: 'BOOTSTRAP_REFUSED' });
    }
    expect((await run.execution()).faults).toHaveLength(1);
  });

  test('is refused also when the platform does not take the cancel, and every look cancels again', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    world.jobs.cancelFails = new Error('no answer');
    await expect(run.bootstrap({ nonce: OTHER_NONCE })).rejects.toMatchObject({ code: 'BOOTSTRAP_REFUSED' });
    world.jobs.cancelFails = undefined;
    await run.look();
    expect(world.jobs.cancelled).toHaveLength(1);
  });
});

/** How the platform's name of an attempt comes to be known. */
const WAYS: readonly (readonly [string, (world: RunWorld) => void])[] = [
  ['before the start', ({ jobs }) => (jobs.nameOf = ({ attempt }) => nameOf(attempt))],
  ['when it is asked', ({ jobs }) => (jobs.identify = async ({ attempt }) => nameOf(attempt))],
];

describe.each(WAYS)('a runner that the platform names otherwise, which it tells %s,', (_, names) => {
  test('is refused, and its run ends as bootstrap_conflict', async () => {
    const world = await RunWorld.open();
    names(world);
    const run = await world.started();
    await expect(run.bootstrap({ platform_execution: 'platform/stranger' })).rejects.toMatchObject({
      code: 'BOOTSTRAP_REFUSED',
    });
    expect(world.jobs.cancelled).toMatchObject([{ attempt: 1, grace_ms: 0 }]);
    world.jobs.ended(1, T0);
    world.jobs.keeps(1, { entries: [], final: true });
    await run.look();
    expect(await run.execution()).toMatchObject({ status: 'FAILED', reason: 'bootstrap_conflict' });
  });

  test('leaves nothing to start for the one that the platform knows', async () => {
    const world = await RunWorld.open();
    names(world);
    const run = await world.started();
    await run.bootstrap({ platform_execution: 'platform/stranger' }).catch(() => undefined);
    await expect(run.bootstrap()).rejects.toMatchObject({ code: 'BOOTSTRAP_REFUSED' });
    expect(await run.execution()).toMatchObject({ status: 'STARTING', faults: [{ kind: 'bootstrap_conflict' }] });
  });

  test('[no-false-alarm] is not one that says nothing of its name', async () => {
    const world = await RunWorld.open();
    names(world);
    const run = await world.started();
    const unnamed = { token: run.order.token, attempt: 1, nonce: NONCE, runner_version: '1' };
    const first = await bootstrapExecution(world, run.id, unnamed);
    expect(await bootstrapExecution(world, run.id, { ...unnamed, platform_execution: '' })).toEqual(first);
    expect((await run.execution()).facts.bound?.platform_execution).toBe(nameOf(1));
  });
});

describe('a platform that names what it started only afterwards', () => {
  async function asked(answer: (said: string | undefined) => Promise<string | undefined>) {
    const world = await RunWorld.open();
    const said: (string | undefined)[] = [];
    world.jobs.identify = ({ platform_execution }) => {
      said.push(platform_execution);
      return answer(platform_execution);
    };
    return { world, said, run: await world.started() };
  }

  test('is asked once, by the name that the runner says, and for no repetition', async () => {
    const { run, said } = await asked(async () => nameOf(1));
    const first = await run.bootstrap();
    expect(await run.bootstrap()).toEqual(first);
    expect(said).toEqual([nameOf(1)]);
    expect((await run.execution()).facts.attempts[0]?.platform_execution).toBe(nameOf(1));
  });

  test('is not asked for who has no token, comes after a stop, or to what a look has found already', async () => {
    const { world, run, said } = await asked(async () => nameOf(1));
    await run.bootstrap({ token: 'wrong' }).catch(() => undefined);
    world.jobs.shows(1, { state: 'starting', platform_execution: nameOf(1) });
    await run.look();
    await expect(run.bootstrap({ platform_execution: 'platform/stranger' })).rejects.toMatchObject({
      code: 'BOOTSTRAP_REFUSED',
    });
    const stopped = await world.started();
    await stopped.stop();
    expect(await stopped.bootstrap()).toEqual({ stop: true });
    expect(said).toEqual([]);
  });

  test.each([
    ['does not answer', () => Promise.reject(new Error('no answer'))],
    ['shows no such execution yet', async () => undefined],
  ])('and %s has its runner ask again: nothing is handed out, nothing is written', async (_, silent) => {
    let answer: () => Promise<string | undefined> = silent;
    const { world, run } = await asked(() => answer());
    const writes = world.records.writes.length;
    await expect(run.bootstrap()).rejects.toMatchObject({ code: 'PLATFORM_UNAVAILABLE', status: 503 });
    expect(world.records.writes).toHaveLength(writes);
    answer = async () => nameOf(1);
    expect(await run.bootstrap()).toMatchObject({ command: 'echo hi' });
  });

  test('and shows none after two minutes does not know it: refused, recorded, and the run ends', async () => {
    const { world, run } = await asked(async () => undefined);
    world.clock.advance(SHOWN_WITHIN_MS);
    await expect(run.bootstrap()).rejects.toMatchObject({ code: 'BOOTSTRAP_REFUSED' });
    world.clock.advance(world.startTimeoutMs);
    await run.look();
    expect(await run.execution()).toMatchObject({
      status: 'FAILED',
      reason: 'bootstrap_conflict',
      faults: [{ kind: 'bootstrap_conflict' }],
    });
  });

  test('[no-late-start] and is asked while a stop is stored leaves the runner without the command', async () => {
    const { run } = await asked(async () => {
      await run.stop();
      return nameOf(1);
    });
    expect(await run.bootstrap()).toEqual({ stop: true });
  });

  test('[one-runner] and is asked by two at once hands the command to one', async () => {
    const { run } = await asked(async () => nameOf(1));
    const answers = await Promise.allSettled([run.bootstrap(), run.bootstrap({ nonce: OTHER_NONCE })]);
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

test('another attempt of the same run is refused and cancelled, and the run goes on', async () => {
  const world = await RunWorld.open();
  const run = await world.started();
  world.jobs.shows(1, { state: 'absent', never: true });
  const { order } = await run.look();
  world.jobs.lives(1);
  world.jobs.lives(2);
  await run.bootstrap({ attempt: 2, token: order!.token });
  await expect(run.bootstrap({ attempt: 1 })).rejects.toMatchObject({ code: 'BOOTSTRAP_REFUSED' });
  expect(world.jobs.cancelled).toEqual([{ attempt: 1, platform_execution: nameOf(1), grace_ms: 0 }]);
  expect(await run.execution()).toMatchObject({ status: 'RUNNING', faults: [], facts: { bound: { attempt: 2 } } });
});

describe('who has not the token', () => {
  const strangers = [
    ['a wrong token', { token: 'wrong' }],
    ['an attempt that was never made', { attempt: 9 }],
  ] as const;

  test.each(strangers)('and comes with %s learns nothing of a run in any state', async (_, request) => {
    const world = await RunWorld.open();
    const run = await world.running();
    const answers = [await run.bootstrap(request).catch(String)];
    await run.stop();
    answers.push(await run.bootstrap(request).catch(String));
    await run.finish({ cause: 'stop', signal: 'SIGTERM' });
    world.jobs.ended(1, T0);
    await run.look();
    answers.push(await run.bootstrap(request).catch(String));
    expect((await run.execution()).status).toBe('STOPPED');
    const refusal = 'Failure: Bootstrap refused: its secret is not the one of this start.';
    expect(answers).toEqual([refusal, refusal, refusal]);
  });

  test('cannot tell an unknown run from others by more than its absence', async () => {
    const world = await RunWorld.open();
    const run = await world.started();
    await expect(Object.assign(run, { id: 'f'.repeat(32) }).bootstrap()).rejects.toMatchObject({
      code: 'EXECUTION_NOT_FOUND',
    });
  });
});

describe('where jobs have accounts', () => {
  const jobAccount = 'job@p.iam';
  const asking = async (world: RunWorld, run: StartedRun, account?: string) =>
    bootstrapExecution({ ...spread(world), jobAccount }, run.id, run.request(), account);
  const spread = ({ records, vault, jobs, clock, signingKeys, batchMs }: RunWorld) => {
    return { records, vault, jobs, clock, signingKeys, batchMs };
  };
  const named = async (world: RunWorld, run: StartedRun, service_account: string) =>
    world.records.transact(async (tx) => tx.set(executionRef(run.id), { ...(await run.execution()), service_account }));

  test.each([
    ['the default one', undefined, jobAccount],
    ['the one its image names', 'other@p.iam', 'other@p.iam'],
  ])('a run starts for %s', async (_, service_account, account) => {
    const world = await RunWorld.open();
    const run = await world.started();
    if (service_account !== undefined) await named(world, run, service_account);
    expect(await asking(world, run, account)).toMatchObject({ command: 'echo hi' });
  });

  test.each([
    ['another account that jobs may run as', undefined, 'other@p.iam'],
    ['the default one, when its image names another', 'other@p.iam', jobAccount],
    ['nobody at all', undefined, undefined],
  ])('%s is refused with the right token, and the run goes on untouched', async (_, service_account, account) => {
    const world = await RunWorld.open();
    const run = await world.started();
    if (service_account !== undefined) await named(world, run, service_account);
    const before = await run.execution();
    await expect(asking(world, run, account)).rejects.toMatchObject({ code: 'BOOTSTRAP_REFUSED', status: 403 });
    expect(await run.execution()).toEqual(before);
    expect(world.jobs.cancelled).toEqual([]);
    expect(await asking(world, run, service_account ?? jobAccount)).toMatchObject({ command: 'echo hi' });
  });
});

describe('[no-late-start] after a stop', () => {
  test('a runner is told to stop and gets no secrets, and the run is STOPPED when it is gone', async () => {
    const world = await RunWorld.open();
    const run = await world.started({ env: ENV });
    await run.stop();
    expect(await run.bootstrap()).toEqual({ stop: true });
    expect(await run.execution()).toMatchObject({ status: 'TERMINATING' });
    world.jobs.ended(1, T0 + 100);
    await run.look();
    expect(await run.execution()).toMatchObject({ status: 'STOPPED', exit_code: 130 });
  });

  test('a bound runner that lost its answer is told to stop, too', async () => {
    const world = await RunWorld.open();
    const run = await world.running({ env: ENV });
    await run.stop();
    expect(await run.bootstrap()).toEqual({ stop: true });
    world.jobs.ended(1, T0 + 100);
    world.jobs.keeps(1, { entries: [], final: true });
    await run.look();
    // Without the answer it never had the command, whatever the platform calls its end.
    expect(await run.execution()).toMatchObject({ status: 'STOPPED', exit_code: 130 });
  });
});

describe('after the end', () => {
  test('[no-late-start] a runner is told that the execution has ended', async () => {
    const world = await RunWorld.open();
    const run = await world.running();
    await run.finish();
    world.jobs.ended(1, T0);
    await run.look();
    await expect(run.bootstrap()).rejects.toMatchObject({ code: 'EXECUTION_ENDED', status: 410 });
  });

  test('[input-destroyed] the sealed input is gone with the transaction that made the end', async () => {
    const world = await RunWorld.open();
    const run = await world.running({ env: ENV });
    await run.finish();
    expect(await world.records.get(runInputRef(run.id))).toBeDefined();
    world.jobs.ended(1, T0);
    const before = world.records.writes.length;
    await run.look();
    expect(world.records.writes.slice(before)).toEqual([
      `set executions/${run.id}`,
      `delete run-inputs/${run.id}`,
      `set outbox/finished-${run.id}`,
    ]);
    expect(await world.records.get(runInputRef(run.id))).toBeUndefined();
  });
});

test('a run whose input has expired cannot be started', async () => {
  const world = await RunWorld.open();
  const run = await world.started({ env: ENV });
  await world.records.delete(runInputRef(run.id));
  await expect(run.bootstrap()).rejects.toThrow('Bootstrap refused: its input is gone.');
});

test('a run of an older version, which stored an empty input too, needs it all the same', async () => {
  const world = await RunWorld.open();
  const run = await world.started();
  const { without_input: _, ...older } = await run.execution();
  await world.records.transact(async (tx) => tx.set(executionRef(run.id), older));
  await expect(run.bootstrap()).rejects.toThrow('Bootstrap refused: its input is gone.');
  const input = await sealRunInput(world.vault, run.id, EMPTY_INPUT, T0 + 1e9);
  await world.records.create(runInputRef(run.id), input);
  expect(await run.bootstrap()).toMatchObject({ env: {}, secrets: {} });
});

test('an input moved to another run does not open', async () => {
  const world = await RunWorld.open();
  const mine = await world.started({ env: ENV });
  const yours = await world.started({ env: { A: 'b' } });
  const stolen = (await world.records.get(runInputRef(mine.id)))!.value;
  await world.records.transact(async (tx) => tx.set(runInputRef(yours.id), { ...stolen, execution_id: yours.id }));
  await expect(yours.bootstrap()).rejects.toMatchObject({ code: 'INTERNAL_ERROR' });
});
