import { describe, expect, test } from '@jest/globals';
import { named, whyNoContainers } from './containers-here.ts';
import { LOCATION, openRunWorld, runNew, scriptJob, shortName, type RunWorld } from './run-world.ts';
import { until } from './until.ts';

const itRuns = (name: string, body: () => Promise<void>) =>
  (whyNoContainers ? test.skip : test)(named(name, whyNoContainers), body);

function completions({ entries }: RunWorld) {
  return entries.filter(({ logName }) => logName.endsWith('system_event'));
}

async function completionOf(world: RunWorld, name: string) {
  const resourceName = `namespaces/my-project/executions/${shortName(name)}`;
  const find = () => completions(world).find(({ protoPayload }) => protoPayload?.['resourceName'] === resourceName);
  return until('the completion event', find);
}

async function runAgain({ jobs, fake }: RunWorld, job: string): Promise<string> {
  const [operation] = await jobs.runJob({ name: `${LOCATION}/jobs/${job}` });
  const { name } = operation.metadata as { name: string };
  await fake.completed(shortName(name));
  return name;
}

describe('a completion event', () => {
  itRuns('of success is a system_event of /Jobs.RunJob with a message and no code', async () => {
    await using world = await openRunWorld();
    const name = await runNew(world, 'rv-a', scriptJob('true'));
    const entry = await completionOf(world, name);
    expect(entry).toMatchObject({
      logName: 'projects/my-project/logs/cloudaudit.googleapis.com%2Fsystem_event',
      severity: 'INFO',
      resource: {
        type: 'cloud_run_job',
        labels: { project_id: 'my-project', location: 'europe-west1', job_name: 'rv-a' },
      },
      protoPayload: {
        serviceName: 'run.googleapis.com',
        methodName: '/Jobs.RunJob',
        status: { message: `Execution ${shortName(name)} has completed successfully.` },
      },
    });
    expect(entry.protoPayload?.['status']).not.toHaveProperty('code');
  });

  itRuns('of failure has code 10, severity ERROR and no exit code anywhere', async () => {
    await using world = await openRunWorld();
    const entry = await completionOf(world, await runNew(world, 'rv-a', scriptJob('exit 41')));
    expect(entry.severity).toBe('ERROR');
    expect(entry.protoPayload?.['status']).toMatchObject({
      code: 10,
      message: expect.stringMatching(/has failed to complete, 0\/1 tasks were a success\.$/),
    });
    const { response } = entry.protoPayload as { response: { spec: object; status: object } };
    expect(JSON.stringify(response.status)).not.toMatch(/exitCode|:41[,}]/);
  });

  itRuns(
    'has the v1 shape: counters that are 0 are absent, the namespace is the project number, the name is not the v2 one',
    async () => {
      await using world = await openRunWorld();
      const name = await runNew(world, 'rv-a', scriptJob('true'));
      const entry = await completionOf(world, name);
      const { response } = entry.protoPayload as { response: Record<string, Record<string, unknown>> };
      expect(response['@type']).toBe('type.googleapis.com/google.cloud.run.v1.Execution');
      expect(response['metadata']).toMatchObject({
        name: shortName(name),
        namespace: expect.stringMatching(/^\d+$/),
        labels: { 'run.googleapis.com/job': 'rv-a', 'cloud.googleapis.com/location': 'europe-west1' },
      });
      expect(response['status']).toMatchObject({ succeededCount: 1 });
      for (const absent of ['failedCount', 'cancelledCount', 'runningCount'])
        expect(response['status']).not.toHaveProperty(absent);
      expect(response['status']?.['conditions']).toContainEqual(
        expect.objectContaining({ type: 'Completed', status: 'True' }),
      );
      expect(response['status']?.['conditions']).toContainEqual(
        expect.objectContaining({ type: 'Retry', status: 'True', reason: 'ImmediateRetry' }),
      );
      expect(response['spec']).toMatchObject({
        taskCount: 1,
        template: { spec: { timeoutSeconds: '600', maxRetries: 0 } },
      });
    },
  );

  itRuns('repeats env and args verbatim, and so does the audit entry of RunJob', async () => {
    await using world = await openRunWorld();
    const overrides = {
      containerOverrides: [
        { name: 'main', args: ['true # arg-in-clear'], env: [{ name: 'A', value: 'env-in-clear' }] },
      ],
    };
    const name = await runNew(world, 'rv-a', scriptJob('false'), overrides);
    const event = JSON.stringify(await completionOf(world, name));
    const request = JSON.stringify(
      world.entries.find(({ protoPayload }) => protoPayload?.['methodName'] === 'google.cloud.run.v2.Jobs.RunJob'),
    );
    for (const text of [event, request]) {
      expect(text).toContain('arg-in-clear');
      expect(text).toContain('env-in-clear');
    }
  });

  itRuns('is the first that is heard of an execution besides its request: no entry tells of the start', async () => {
    await using world = await openRunWorld();
    const name = await runNew(world, 'rv-a', scriptJob('true'));
    await completionOf(world, name);
    const audit = world.entries.filter(({ logName }) => logName.includes('cloudaudit'));
    const methods = audit.map(({ protoPayload }) => protoPayload?.['methodName']);
    expect(methods).toEqual(['google.cloud.run.v2.Jobs.CreateJob', 'google.cloud.run.v2.Jobs.RunJob', '/Jobs.RunJob']);
  });

  itRuns('holds what the v2 name is made of: the labels of location and job, and its own name', async () => {
    await using world = await openRunWorld();
    const name = await runNew(world, 'rv-a', scriptJob('true'));
    const { protoPayload, resource } = await completionOf(world, name);
    const { metadata } = protoPayload!['response'] as { metadata: { name: string; labels: Record<string, string> } };
    const location = metadata.labels['cloud.googleapis.com/location'];
    const job = metadata.labels['run.googleapis.com/job'];
    const built = `projects/${resource.labels['project_id']}/locations/${location}/jobs/${job}/executions/${metadata.name}`;
    expect((await world.executions.getExecution({ name: built }))[0].name).toBe(name);
  });

  itRuns('comes after the completion time', async () => {
    await using world = await openRunWorld({ eventLagMs: 200 });
    const name = await runNew(world, 'rv-a', scriptJob('true'));
    await world.fake.completed(shortName(name));
    expect(completions(world)).toEqual([]);
    const entry = await completionOf(world, name);
    const { response } = entry.protoPayload as { response: { status: { completionTime: string } } };
    expect(Date.parse(entry.receiveTimestamp) - Date.parse(response.status.completionTime)).toBeGreaterThanOrEqual(0);
  });

  itRuns('of a cancelled execution may come or not: that is a choice here', async () => {
    for (const cancelEmitsEvent of [true, false]) {
      await using world = await openRunWorld({ cancelEmitsEvent, startMs: 60_000 });
      const name = await runNew(world, 'rv-a', scriptJob('true'));
      await (await world.executions.cancelExecution({ name }))[0].promise();
      world.fake.faults.startDelayMs = -60_000;
      // Events keep their order: when the one of a later execution is there, none of the first will come.
      await completionOf(world, await runAgain(world, 'rv-a'));
      const cancelled = completions(world).filter(({ protoPayload }) =>
        String(protoPayload?.['resourceName']).endsWith(shortName(name)),
      );
      expect(cancelled).toHaveLength(cancelEmitsEvent ? 1 : 0);
    }
  });

  itRuns('is dropped, doubled or overtaken by the next one on demand', async () => {
    await using world = await openRunWorld();
    world.fake.faults.nextEvents('drop', 'duplicate', 'swap');
    const dropped = await runNew(world, 'rv-a', scriptJob('true'));
    await world.fake.completed(shortName(dropped));
    const doubled = await runAgain(world, 'rv-a');
    await until('both', () => completions(world).length === 2);
    const late = await runAgain(world, 'rv-a');
    const early = await runAgain(world, 'rv-a');
    await until('the overtaken one', () => completions(world).length === 4);
    const order = completions(world).map(({ protoPayload }) =>
      String(protoPayload?.['resourceName']).split('/').at(-1),
    );
    expect(order).toEqual([doubled, doubled, early, late].map(shortName));
  });
});
