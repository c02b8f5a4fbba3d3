import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { named, whyNoContainers } from './containers-here.ts';
import { LOCATION, openRunWorld, runNew, scriptJob, shortName, type RunWorld } from './run-world.ts';
import { until } from './until.ts';

const itRuns = (name: string, body: () => Promise<void>) =>
  (whyNoContainers ? test.skip : test)(named(name, whyNoContainers), body);

async function ended(world: RunWorld, name: string) {
  await world.fake.completed(shortName(name));
  return (await world.executions.getExecution({ name }))[0];
}

const FOREVER = 'echo ready; while :; do sleep 0.05; done';

/** A script that has handlers, unlike a bare shell that is process 1. */
const OBEDIENT = `trap 'exit 0' TERM; ${FOREVER}`;

async function running(world: RunWorld, name: string): Promise<void> {
  await until('a first line', () =>
    world.entries.some(
      ({ textPayload, labels }) =>
        textPayload === 'ready' && labels?.['run.googleapis.com/execution_name'] === shortName(name),
    ),
  );
}

describe('an execution', () => {
  itRuns('that failed has counters and conditions, and only its task knows the exit code', async () => {
    await using world = await openRunWorld();
    const name = await runNew(world, 'rv-a', scriptJob('echo hi; exit 7'));
    const execution = await ended(world, name);
    expect(execution).toMatchObject({ runningCount: 0, succeededCount: 0, failedCount: 1, cancelledCount: 0 });
    expect(execution).not.toHaveProperty('exitCode');
    const [[task]] = await world.tasks.listTasks({ parent: name });
    expect(task?.lastAttemptResult).toMatchObject({ exitCode: 7, termSignal: 0, status: { code: 10 } });
  });

  itRuns('that succeeded carries Retry=True with ImmediateRetry, which means nothing', async () => {
    await using world = await openRunWorld();
    const execution = await ended(world, await runNew(world, 'rv-a', scriptJob('true')));
    expect(execution.conditions).toContainEqual(
      expect.objectContaining({ type: 'Retry', state: 'CONDITION_SUCCEEDED', reason: 'IMMEDIATE_RETRY' }),
    );
    const types = execution.conditions?.map(({ type }) => type);
    expect(types).toEqual(['Completed', 'ResourcesAvailable', 'Started', 'ContainerReady', 'Retry']);
    expect(execution).toMatchObject({ succeededCount: 1, failedCount: 0, completionTime: expect.anything() });
  });

  itRuns('is named after its job and five letters, which the operation of RunJob tells at once', async () => {
    await using world = await openRunWorld({ startMs: 100 });
    const name = await runNew(world, 'rv-a', scriptJob('true'));
    expect(name).toMatch(/^projects\/my-project\/locations\/europe-west1\/jobs\/rv-a\/executions\/rv-a-[a-z0-9]{5}$/);
    const [execution] = await world.executions.getExecution({ name });
    expect(execution).toMatchObject({ startTime: null, completionTime: null, job: 'rv-a', reconciling: true });
  });

  itRuns('has no running task any more some time before its completion time is written', async () => {
    await using world = await openRunWorld({ completionLagMs: 300 });
    const name = await runNew(world, 'rv-a', scriptJob('true'));
    const between = await until('the counters', async () => {
      const [execution] = await world.executions.getExecution({ name });
      return execution.succeededCount === 1 && execution;
    });
    expect(between).toMatchObject({ runningCount: 0, completionTime: null });
    expect((await ended(world, name)).completionTime).not.toBeNull();
  });

  itRuns('ends its RunJob operation with code 10 when the container exits with another code than 0', async () => {
    await using world = await openRunWorld();
    await world.jobs.createJob({ parent: LOCATION, jobId: 'rv-a', job: scriptJob('exit 3') ?? null });
    const [operation] = await world.jobs.runJob({ name: `${LOCATION}/jobs/rv-a` });
    await expect(operation.promise()).rejects.toMatchObject({ code: status.ABORTED });
  });

  itRuns('answers its RunJob operation when it succeeds, with numbers for enums as Google packs them', async () => {
    await using world = await openRunWorld();
    await world.jobs.createJob({ parent: LOCATION, jobId: 'rv-a', job: scriptJob('true') ?? null });
    const [operation] = await world.jobs.runJob({ name: `${LOCATION}/jobs/rv-a` });
    const [execution] = await operation.promise();
    expect(execution).toMatchObject({ succeededCount: 1 });
    expect(execution.conditions?.[0]?.state).toBe(4);
  });

  itRuns('may be missing from lists for a moment, although it can be read by name', async () => {
    await using world = await openRunWorld();
    world.fake.faults.listingLagMs = 300;
    const name = await runNew(world, 'rv-a', scriptJob('true'));
    const listed = async () =>
      (await world.executions.listExecutions({ parent: `${LOCATION}/jobs/-` }))[0].map((one) => one.name);
    expect(await listed()).toEqual([]);
    expect((await world.executions.getExecution({ name }))[0].name).toBe(name);
    await until('the list to show it', async () => (await listed()).includes(name));
  });

  itRuns('is listed across jobs with a hyphen for the job, and so are its tasks', async () => {
    await using world = await openRunWorld();
    const names = [await runNew(world, 'rv-a', scriptJob('true')), await runNew(world, 'rv-b', scriptJob('true'))];
    const [executions] = await world.executions.listExecutions({ parent: `${LOCATION}/jobs/-` });
    expect(executions.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
    const [ofOne] = await world.executions.listExecutions({ parent: `${LOCATION}/jobs/rv-a` });
    expect(ofOne.map(({ name }) => name)).toEqual([names[0]]);
    const [tasks] = await world.tasks.listTasks({ parent: `${LOCATION}/jobs/-/executions/-` });
    expect(tasks).toHaveLength(2);
  });

  itRuns('carries the overrides in clear: env by name over the job, args in place of the args', async () => {
    await using world = await openRunWorld();
    const containers = [
      {
        name: 'main',
        image: 'docker.io/library/shell:1',
        args: ['echo never'],
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
      },
    ];
    const overrides = {
      containerOverrides: [
        {
          name: 'main',
          args: ['echo "$A$B$C"'],
          env: [
            { name: 'B', value: 'two' },
            { name: 'C', value: 'three' },
          ],
        },
      ],
      timeout: { seconds: 77 },
    };
    const name = await runNew(world, 'rv-a', scriptJob('', { containers }), overrides);
    const execution = await ended(world, name);
    expect(execution.template?.timeout).toMatchObject({ seconds: '77' });
    expect(execution.template?.containers?.[0]?.env?.map((one) => `${one.name}=${one.value}`)).toEqual([
      'A=1',
      'B=two',
      'C=three',
    ]);
    expect(world.entries.map(({ textPayload }) => textPayload)).toContain('1twothree');
    const [job] = await world.jobs.getJob({ name: `${LOCATION}/jobs/rv-a` });
    expect(JSON.stringify(job)).not.toContain('three');
  });

  itRuns('has the labels of its job’s template: none can be given to one run', async () => {
    await using world = await openRunWorld();
    const { template } = scriptJob('true') ?? {};
    const job = { labels: { of: 'the-job' }, template: { ...template, labels: { 'managed-by': 'us' } } };
    const execution = await ended(world, await runNew(world, 'rv-a', job));
    expect(execution.labels).toEqual({ 'managed-by': 'us' });
  });

  itRuns('leaves the code of each container’s exit in the system log', async () => {
    await using world = await openRunWorld();
    await ended(world, await runNew(world, 'rv-a', scriptJob('exit 42')));
    const entry = world.entries.find(({ textPayload }) => textPayload === 'Container called exit(42).');
    expect(entry).toMatchObject({
      logName: 'projects/my-project/logs/run.googleapis.com%2Fvarlog%2Fsystem',
      labels: { container_name: 'main' },
    });
  });

  itRuns('tries again as often as it may, and counts it', async () => {
    await using world = await openRunWorld();
    const script = 'echo "attempt $CLOUD_RUN_TASK_ATTEMPT"; [ "$CLOUD_RUN_TASK_ATTEMPT" = 2 ]';
    const execution = await ended(world, await runNew(world, 'rv-a', scriptJob(script, { maxRetries: 3 })));
    expect(execution).toMatchObject({ succeededCount: 1, failedCount: 0, retriedCount: 2 });
    const lines = world.entries.map(({ textPayload }) => textPayload).filter((line) => line?.startsWith('attempt'));
    expect(lines).toEqual(['attempt 0', 'attempt 1', 'attempt 2']);
  });

  itRuns('runs each of its tasks with an index of its own', async () => {
    await using world = await openRunWorld();
    const job = scriptJob('echo "task $CLOUD_RUN_TASK_INDEX of $CLOUD_RUN_TASK_COUNT"');
    const execution = await ended(world, await runNew(world, 'rv-a', job, { taskCount: 3 }));
    expect(execution).toMatchObject({ succeededCount: 3, taskCount: 3 });
    const lines = world.entries.map(({ textPayload }) => textPayload).filter((line) => line?.startsWith('task '));
    expect(lines.toSorted()).toEqual(['task 0 of 3', 'task 1 of 3', 'task 2 of 3']);
  });

  itRuns('over its timeout gets SIGTERM and may still end by itself, but has failed', async () => {
    await using world = await openRunWorld({ killGraceMs: 5000 });
    const name = await runNew(world, 'rv-a', scriptJob(OBEDIENT, { timeout: { seconds: 1 } }));
    expect(await ended(world, name)).toMatchObject({ failedCount: 1, cancelledCount: 0 });
    const [[task]] = await world.tasks.listTasks({ parent: name });
    expect(task?.lastAttemptResult).toMatchObject({
      exitCode: 0,
      termSignal: 0,
      status: { message: 'The configured timeout was reached.' },
    });
    const said = world.entries
      .filter(({ logName }) => logName.endsWith('varlog%2Fsystem'))
      .map(({ textPayload }) => textPayload);
    expect(said).toEqual([expect.stringContaining('maximum timeout of 1 seconds'), 'Container called exit(0).']);
  });

  itRuns(
    'that ignores SIGTERM is killed after the grace, and its task has a signal instead of an exit code',
    async () => {
      await using world = await openRunWorld({ killGraceMs: 200 });
      const name = await runNew(world, 'rv-a', scriptJob(FOREVER));
      await running(world, name);
      await world.executions.cancelExecution({ name });
      await ended(world, name);
      const [[task]] = await world.tasks.listTasks({ parent: name });
      expect(task?.lastAttemptResult).toMatchObject({ exitCode: 0, termSignal: 9 });
    },
  );

  itRuns('of which 1,000 are completed pushes the oldest out', async () => {
    await using world = await openRunWorld({ keptExecutions: 2 });
    const first = await runNew(world, 'rv-a', scriptJob('true'));
    await ended(world, first);
    for (let more = 0; more < 2; more++) {
      const [operation] = await world.jobs.runJob({ name: `${LOCATION}/jobs/rv-a` });
      await world.fake.completed(shortName((operation.metadata as { name: string }).name));
    }
    await expect(world.executions.getExecution({ name: first })).rejects.toMatchObject({ code: status.NOT_FOUND });
    expect((await world.executions.listExecutions({ parent: `${LOCATION}/jobs/rv-a` }))[0]).toHaveLength(2);
  });

  itRuns('goes with its job, and with it its exit code', async () => {
    await using world = await openRunWorld();
    const name = await runNew(world, 'rv-a', scriptJob('exit 4'));
    await ended(world, name);
    await world.jobs.deleteJob({ name: `${LOCATION}/jobs/rv-a` });
    await expect(world.executions.getExecution({ name })).rejects.toMatchObject({ code: status.NOT_FOUND });
    await expect(world.tasks.getTask({ name: `${name}/tasks/${shortName(name)}-task0` })).rejects.toMatchObject({
      code: status.NOT_FOUND,
    });
  });
});

describe('a cancel', () => {
  itRuns('is counted as cancelled, and its operation answers when it is over', async () => {
    await using world = await openRunWorld();
    const name = await runNew(world, 'rv-a', scriptJob(OBEDIENT));
    await running(world, name);
    const [operation] = await world.executions.cancelExecution({ name });
    await operation.promise();
    const execution = await ended(world, name);
    expect(execution).toMatchObject({ cancelledCount: 1, failedCount: 0, succeededCount: 0 });
    expect(execution.conditions?.[0]).toMatchObject({
      type: 'Completed',
      state: 'CONDITION_FAILED',
      executionReason: 'CANCELLED',
    });
  });

  itRuns('of an execution that has ended is FAILED_PRECONDITION', async () => {
    await using world = await openRunWorld();
    const name = await runNew(world, 'rv-a', scriptJob('true'));
    await ended(world, name);
    await expect(world.executions.cancelExecution({ name })).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
    });
  });

  for (const code of [2, 10] as const) {
    itRuns(`may end with code ${code} although it worked: the counters tell`, async () => {
      await using world = await openRunWorld();
      world.fake.faults.cancelOperationCodes.push(code);
      const name = await runNew(world, 'rv-a', scriptJob(OBEDIENT));
      await running(world, name);
      const [operation] = await world.executions.cancelExecution({ name });
      await expect(operation.promise()).rejects.toMatchObject({ code });
      expect(await ended(world, name)).toMatchObject({ cancelledCount: 1 });
    });
  }

  itRuns('before the start leaves a task with neither exit code nor signal', async () => {
    await using world = await openRunWorld({ startMs: 60_000 });
    const name = await runNew(world, 'rv-a', scriptJob('true'));
    await world.executions.cancelExecution({ name });
    expect(await ended(world, name)).toMatchObject({ cancelledCount: 1, startTime: null });
    const [[task]] = await world.tasks.listTasks({ parent: name });
    expect(task?.lastAttemptResult).toMatchObject({ exitCode: 0, termSignal: 0, status: { code: 1 } });
  });

  itRuns('leaves an audit entry with code 2 and the counter, as recorded', async () => {
    await using world = await openRunWorld();
    const name = await runNew(world, 'rv-a', scriptJob(OBEDIENT));
    await running(world, name);
    await (await world.executions.cancelExecution({ name }))[0].promise();
    const entry = world.entries.find(
      ({ protoPayload }) => protoPayload?.['methodName'] === 'google.cloud.run.v1.Executions.CancelExecution',
    );
    expect(entry?.protoPayload).toMatchObject({ status: { code: 2 }, response: { status: { cancelledCount: 1 } } });
  });
});
