import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { LOCATION, openRunWorld, scriptJob, shortName, type RunWorld } from './run-world.ts';
import { until } from './until.ts';

const JOB = `${LOCATION}/jobs/rv-seeded`;
const CREATED_MS = Date.UTC(2026, 0, 1);

let world: RunWorld;
beforeEach(async () => {
  world = await openRunWorld({ eventLagMs: 0, now: () => CREATED_MS + 60_000 });
  await world.jobs.createJob({ parent: LOCATION, jobId: 'rv-seeded', job: scriptJob('true') ?? null });
});
afterEach(async () => world[Symbol.asyncDispose]());

const seed = (state?: Parameters<RunWorld['fake']['seed']>[0]['state']) =>
  world.fake.seed({ job: JOB, env: { main: { A: '1' } }, createdMs: CREATED_MS, ...(state ? { state } : {}) });
const read = async (name: string) => (await world.executions.getExecution({ name: `${JOB}/executions/${name}` }))[0];
const completions = () => world.entries.filter(({ logName }) => logName.endsWith('system_event'));

test('an execution that is put there looks as if it had run, and nobody is told', async () => {
  const name = seed({ atMs: CREATED_MS + 30_000, exitCode: 3 });
  expect(await read(name)).toMatchObject({
    createTime: { seconds: String(CREATED_MS / 1_000) },
    completionTime: { seconds: String(CREATED_MS / 1_000 + 30) },
    failedCount: 1,
    runningCount: 0,
    template: { containers: [{ env: [{ name: 'A', value: '1' }] }] },
  });
  const [tasks] = await world.tasks.listTasks({ parent: `${JOB}/executions/${name}` });
  expect(tasks).toMatchObject([{ lastAttemptResult: { exitCode: 3 } }]);
  expect(completions()).toEqual([]);
});

test('the one that was put there last is listed first', async () => {
  const names = [seed({ atMs: CREATED_MS, exitCode: 0 }), seed(), seed('waiting')];
  const [listed] = await world.executions.listExecutions({ parent: JOB });
  expect(listed.map(({ name }) => shortName(name!))).toEqual(names.toReversed());
  expect(listed.map(({ startTime }) => startTime !== null)).toEqual([false, true, true]);
});

test('one that lives ends when it is told to or is cancelled, with its completion event', async () => {
  const [told, cancelled] = [seed(), seed()];
  world.fake.end(told, { atMs: CREATED_MS + 20_000, exitCode: 0 });
  const [operation] = await world.executions.cancelExecution({ name: `${JOB}/executions/${cancelled}` });
  await operation.promise();
  expect(await read(told)).toMatchObject({ succeededCount: 1 });
  expect(await read(cancelled)).toMatchObject({ cancelledCount: 1, runningCount: 0 });
  await until('both completion events', () => completions().length === 2);
  expect(() => world.fake.end(told, { atMs: CREATED_MS, exitCode: 0 })).toThrow('was not seeded, or is over');
});

test('a Cloud Run that is away answers nobody until it is back', async () => {
  const back = world.fake.faults.calls.refuseAll(status.INTERNAL);
  await expect(world.executions.listExecutions({ parent: JOB })).rejects.toMatchObject({ code: status.INTERNAL });
  back();
  expect((await world.executions.listExecutions({ parent: JOB }))[0]).toEqual([]);
});
