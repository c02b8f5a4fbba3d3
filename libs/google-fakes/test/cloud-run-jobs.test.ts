import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { LOCATION, openRunWorld, scriptJob, SHELL_IMAGE, type JobSpec, type RunWorld } from './run-world.ts';

let world: RunWorld;
beforeAll(async () => {
  world = await openRunWorld();
});
afterAll(async () => world[Symbol.asyncDispose]());

const ENV_TOO_LONG = 'x'.repeat(32_769);

function create(jobId: string, job: JobSpec) {
  return world.jobs.createJob({ parent: LOCATION, jobId, job: job ?? null });
}

const sidecar = { name: 'sidecar', image: SHELL_IMAGE, startupProbe: { tcpSocket: { port: 8089 } } };
const runner = { name: 'runner', image: SHELL_IMAGE, dependsOn: ['sidecar'] };

describe('a job', () => {
  test('may not be ready at once: its operation goes on, and RunJob may refuse it or not', async () => {
    for (const runBeforeReady of ['accept', 'refuse'] as const) {
      await using slow = await openRunWorld({ jobReadyMs: 300, startMs: 60_000, runBeforeReady });
      const name = `${LOCATION}/jobs/rv-slow`;
      const [operation] = await slow.jobs.createJob({
        parent: LOCATION,
        jobId: 'rv-slow',
        job: scriptJob('true') ?? null,
      });
      expect((await slow.jobs.getJob({ name }))[0]).toMatchObject({ reconciling: true });
      const early = slow.jobs.runJob({ name });
      if (runBeforeReady === 'accept') await early;
      else await expect(early).rejects.toMatchObject({ code: status.FAILED_PRECONDITION });
      await operation.promise();
      expect((await slow.jobs.getJob({ name }))[0]).toMatchObject({ reconciling: false });
      await slow.jobs.runJob({ name });
    }
  });

  test('is created by an operation that is done, whose answer is the job', async () => {
    const [operation] = await create('rv-created', scriptJob('true'));
    expect(operation.done).toBe(true);
    const [job] = await operation.promise();
    expect(job).toMatchObject({
      name: `${LOCATION}/jobs/rv-created`,
      creator: expect.stringContaining('orchestrator@'),
    });
    const [read] = await world.jobs.getJob({ name: `${LOCATION}/jobs/rv-created` });
    expect(read).toMatchObject({ generation: '1', terminalCondition: { type: 'Ready', state: 'CONDITION_SUCCEEDED' } });
  });

  test('is not created twice', async () => {
    await create('rv-twice', scriptJob('true'));
    await expect(create('rv-twice', scriptJob('true'))).rejects.toMatchObject({ code: status.ALREADY_EXISTS });
  });

  test('that does not exist is NOT_FOUND', async () => {
    await expect(world.jobs.getJob({ name: `${LOCATION}/jobs/rv-none` })).rejects.toMatchObject({
      code: status.NOT_FOUND,
    });
  });

  test('whose image does not exist is there, and both its operation and its condition say so', async () => {
    const job = { template: { template: { containers: [{ image: 'docker.io/none:1' }] } } };
    const [operation] = await create('rv-no-image', job);
    await expect(operation.promise()).rejects.toThrow("Image 'docker.io/none:1' not found.");
    const [read] = await world.jobs.getJob({ name: `${LOCATION}/jobs/rv-no-image` });
    expect(read.terminalCondition).toMatchObject({ state: 'CONDITION_FAILED', reason: 'CONTAINER_MISSING' });
  });

  test('is replaced by an update, which a stale etag stops', async () => {
    const name = `${LOCATION}/jobs/rv-updated`;
    const [created] = await (await create('rv-updated', scriptJob('true')))[0].promise();
    const [operation] = await world.jobs.updateJob({ job: { ...scriptJob('false'), name, etag: created.etag ?? '' } });
    expect((await operation.promise())[0]).toMatchObject({
      template: { template: { containers: [{ args: ['false'] }] } },
    });
    const stale = world.jobs.updateJob({ job: { ...scriptJob('true'), name, etag: created.etag ?? '' } });
    await expect(stale).rejects.toMatchObject({ code: status.ABORTED });
    expect((await world.jobs.getJob({ name }))[0].generation).toBe('2');
  });

  test('is listed page by page until it is deleted', async () => {
    for (const id of ['rv-page-a', 'rv-page-b']) await create(id, scriptJob('true'));
    const names = async () => {
      const found: string[] = [];
      for await (const job of world.jobs.listJobsAsync({ parent: LOCATION, pageSize: 1 })) found.push(job.name ?? '');
      return found.filter((name) => name.includes('rv-page'));
    };
    expect(await names()).toHaveLength(2);
    await world.jobs.deleteJob({ name: `${LOCATION}/jobs/rv-page-a` });
    expect(await names()).toEqual([`${LOCATION}/jobs/rv-page-b`]);
  });

  test('keeps three retries and ten minutes when it says nothing, and none when it says 0', async () => {
    const job = { template: { template: { containers: [{ image: SHELL_IMAGE, args: ['true'] }] } } };
    await create('rv-defaults', job);
    world.fake.faults.images.set(SHELL_IMAGE, 'missing');
    const [silent] = await world.jobs.runJob({ name: `${LOCATION}/jobs/rv-defaults` });
    const template = async (name: string) => (await world.executions.getExecution({ name }))[0].template;
    const nameOf = (metadata: unknown) => (metadata as { name: string }).name;
    expect(await template(nameOf(silent.metadata))).toMatchObject({ maxRetries: 3, timeout: { seconds: '600' } });
    await create('rv-none-retries', scriptJob('true', { maxRetries: 0, timeout: { seconds: 30 } }));
    const [said] = await world.jobs.runJob({ name: `${LOCATION}/jobs/rv-none-retries` });
    expect(await template(nameOf(said.metadata))).toMatchObject({ maxRetries: 0, timeout: { seconds: '30' } });
    world.fake.faults.images.clear();
  });

  const inTask = (task: object): JobSpec => ({
    template: { template: { containers: [{ image: SHELL_IMAGE }], ...task } },
  });
  const withContainer = (container: object): JobSpec => inTask({ containers: [{ image: SHELL_IMAGE, ...container }] });
  test.each<[string, string, JobSpec, string]>([
    ['a name of 58 characters', 'r'.repeat(58), scriptJob('true'), 'job_id'],
    ['a name in capitals', 'Rv', scriptJob('true'), 'job_id'],
    ['no container', 'rv-x', inTask({ containers: [] }), 'at least one container'],
    ['11 retries', 'rv-x', inTask({ maxRetries: 11 }), 'max_retries'],
    ['a timeout over 168 hours', 'rv-x', inTask({ timeout: { seconds: 168 * 3600 + 1 } }), 'timeout'],
    [
      'a dependency without a startup probe',
      'rv-x',
      inTask({ containers: [{ ...sidecar, startupProbe: null }, runner] }),
      'must have a startup probe',
    ],
    [
      'a dependency on nobody',
      'rv-x',
      inTask({ containers: [runner, { ...sidecar, name: 'other' }] }),
      'does not exist',
    ],
    [
      'containers that wait for each other',
      'rv-x',
      inTask({
        containers: [
          { ...sidecar, dependsOn: ['runner'] },
          { ...runner, startupProbe: { tcpSocket: {} } },
        ],
      }),
      'cycle',
    ],
    ['two containers of one name', 'rv-x', inTask({ containers: [sidecar, sidecar] }), 'unique'],
    [
      'a probe that runs a program',
      'rv-x',
      withContainer({ startupProbe: {} }),
      'one of tcp_socket, http_get and grpc',
    ],
    [
      'a mount without its volume',
      'rv-x',
      withContainer({ volumeMounts: [{ name: 'none', mountPath: '/x' }] }),
      'no volume named',
    ],
    [
      'a reserved variable',
      'rv-x',
      withContainer({ env: [{ name: 'CLOUD_RUN_EXECUTION', value: 'x' }] }),
      'reserved env',
    ],
    ['another reserved variable', 'rv-x', withContainer({ env: [{ name: 'PORT', value: '1' }] }), 'reserved env'],
    ['a value over 32 KiB', 'rv-x', withContainer({ env: [{ name: 'A', value: ENV_TOO_LONG }] }), 'longer than 32768'],
    [
      '1,001 variables',
      'rv-x',
      withContainer({ env: Array.from({ length: 1001 }, (_none, at) => ({ name: `A${at}`, value: '' })) }),
      'at most 1000',
    ],
    ['4 CPU with 1 GiB', 'rv-x', withContainer({ resources: { limits: { cpu: '4', memory: '1Gi' } } }), 'at least 2Gi'],
    ['8 CPU with 2 GiB', 'rv-x', withContainer({ resources: { limits: { cpu: '8', memory: '2Gi' } } }), 'at least 4Gi'],
    ['half a CPU', 'rv-x', withContainer({ resources: { limits: { cpu: '500m' } } }), 'must be one of'],
    ['256 MiB', 'rv-x', withContainer({ resources: { limits: { memory: '256Mi' } } }), 'at least 512Mi'],
    ['3 CPU', 'rv-x', withContainer({ resources: { limits: { cpu: '3', memory: '4Gi' } } }), 'must be one of'],
    ['33 GiB', 'rv-x', withContainer({ resources: { limits: { cpu: '8', memory: '33Gi' } } }), 'at most 32Gi'],
    [
      'a label of the system',
      'rv-x',
      { ...scriptJob('true'), labels: { 'run.googleapis.com/mine': 'x' } },
      'reserved for the system',
    ],
    [
      'an annotation of the system',
      'rv-x',
      { ...scriptJob('true'), annotations: { 'serving.knative.dev/mine': 'x' } },
      'reserved for the system',
    ],
    ['a label in capitals', 'rv-x', { ...scriptJob('true'), labels: { Mine: 'x' } }, 'not valid'],
  ])('with %s is refused', async (_what, jobId, job, text) => {
    const refused = create(jobId, job);
    await expect(refused).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    await expect(refused).rejects.toThrow(text);
  });

  test('number 1,001 of a region is RESOURCE_EXHAUSTED', async () => {
    await using small = await openRunWorld({ quota: { jobs: 1, runningExecutions: 1 } });
    await small.jobs.createJob({ parent: LOCATION, jobId: 'rv-a', job: scriptJob('true') ?? null });
    const second = small.jobs.createJob({ parent: LOCATION, jobId: 'rv-b', job: scriptJob('true') ?? null });
    await expect(second).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  });
});

describe('overrides of RunJob', () => {
  test.each<[string, object, string]>([
    ['name a container that is not there', { containerOverrides: [{ name: 'none' }] }, 'no container named'],
    [
      'set a reserved variable',
      { containerOverrides: [{ name: 'main', env: [{ name: 'K_SERVICE', value: 'x' }] }] },
      'reserved env',
    ],
    ['ask for no time at all', { timeout: { seconds: 0 } }, 'timeout'],
  ])('that %s are refused', async (_what, overrides, text) => {
    const id = `rv-over-${text.length}`;
    await create(id, scriptJob('true'));
    await expect(world.jobs.runJob({ name: `${LOCATION}/jobs/${id}`, overrides })).rejects.toThrow(text);
  });
});
