import { expect, test } from '@jest/globals';
import { executionRef, type Execution } from '../../src/executions/execution.ts';
import { commandTraceparent } from '../../src/trace/run-spans.ts';
import { RunWorld, StartedRun, T0 } from '../run-world.ts';

type Life = (world: RunWorld) => Promise<StartedRun>;

const LIVES: readonly (readonly [how: string, status: Execution['status'], life: Life])[] = [
  [
    'a look that sees the platform’s end after the report',
    'SUCCEEDED',
    async (world) => {
      const run = await world.running();
      await run.finish({ exit_code: 0 });
      world.jobs.ended(1, T0 + 6_000);
      await run.look();
      return run;
    },
  ],
  [
    'the report that comes after the platform’s end',
    'FAILED',
    async (world) => {
      const run = await world.running();
      world.jobs.ended(1, T0 + 6_000);
      await run.look();
      await run.finish({ exit_code: 3 });
      return run;
    },
  ],
  [
    'the stop of a run that waits',
    'STOPPED',
    async (world) => {
      world.limit({ deployment: 1, queue_timeout_s: 60 });
      await world.started();
      const { execution } = await world.submit();
      const run = new StartedRun(world, execution.execution_id, undefined as never);
      await run.stop();
      return run;
    },
  ],
  [
    'the tick at which it has waited too long',
    'FAILED',
    async (world) => {
      world.limit({ deployment: 1, queue_timeout_s: 60 });
      await world.started();
      const { execution } = await world.submit();
      world.clock.advance(61_000);
      await world.tick();
      return new StartedRun(world, execution.execution_id, undefined as never);
    },
  ],
];

test.each(LIVES)('an end is told once it is stored: %s', async (_, status, life) => {
  const world = await RunWorld.open();
  const run = await life(world);
  expect(world.ends.map((execution) => [execution.execution_id, execution.status])).toEqual([[run.id, status]]);
  // What its record says of it by then, but for what is written into it for `explain` and for the archiver.
  const told = ({ trail: _trail, log_since_ms: _since, ...rest }: Execution) => rest;
  expect(told(world.ends[0]!)).toEqual(told(await run.execution()));
});

test('an end is told once, however often the run is looked at, reported or stopped after it', async () => {
  const world = await RunWorld.open();
  const run = await world.running();
  await run.finish({ exit_code: 0 });
  expect(world.ends).toEqual([]);
  world.jobs.ended(1, T0 + 6_000);
  await run.look();
  await run.look();
  await run.finish({ exit_code: 0 });
  await run.stop();
  await world.tick();
  expect(world.ends).toHaveLength(1);
});

test('a recorded run hands its runner the span of the command, and any other what its request named', async () => {
  const world = await RunWorld.open();
  expect((await world.running()).answer).not.toHaveProperty('traceparent');
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const handed = async (more: Partial<Execution>) => {
    const run = await world.started();
    const named = { ...(await run.execution()), traceparent, ...more };
    await world.records.transact(async (tx) => tx.set(executionRef(run.id), named));
    return [await run.bootstrap(), named] as const;
  };
  expect((await handed({}))[0]).toMatchObject({ traceparent });
  const [answer, recorded] = await handed({ traced: true });
  expect(answer).toMatchObject({ traceparent: commandTraceparent(recorded) });
  expect(commandTraceparent(recorded)).toMatch(/^00-a{32}-[0-9a-f]{16}-01$/);
});
