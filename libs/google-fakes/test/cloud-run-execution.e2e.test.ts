import { expect, test } from '@jest/globals';
import { openRunWorld, runNew, scriptJob, shortName } from './run-world.ts';

test('a failing container ends its execution with counters and conditions, and only the task knows the exit code', async () => {
  await using world = await openRunWorld();
  const name = await runNew(world, 'rv-a', scriptJob('echo hi; exit 7'));
  await world.fake.completed(shortName(name));
  const [execution] = await world.executions.getExecution({ name });
  expect(execution).toMatchObject({ runningCount: 0, succeededCount: 0, failedCount: 1, cancelledCount: 0 });
  expect(execution).not.toHaveProperty('exitCode');
  const [[task]] = await world.tasks.listTasks({ parent: name });
  expect(task?.lastAttemptResult).toMatchObject({ exitCode: 7, termSignal: 0, status: { code: 10 } });
});
