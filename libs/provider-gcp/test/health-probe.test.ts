import { describe, expect, test } from '@jest/globals';
import type { Execution } from '@runvoy/core';
import { healthProbeContract, silentHealthProbeContract } from '@runvoy/core/contracts';
import { JOB_ACCOUNT, SETTINGS } from './job-runner/scripted-run-api.ts';
import { DATA_KEY, image, jobOfImage, openHealthWorld, ORCHESTRATOR, PROCESSOR } from './health/health-world.ts';

const JOB = `projects/${SETTINGS.project}/locations/${SETTINGS.region}/jobs`;
const sized = (nth: number) => image({ image_id: `shell:${nth}`, cpu: 1_024, memory_mib: 512 + nth });

describe('keeps what every probe promises:', () => {
  healthProbeContract(() => openHealthWorld(PROCESSOR));
  silentHealthProbeContract(() => openHealthWorld(PROCESSOR));
});

describe.each([
  ['processor', PROCESSOR],
  ['orchestrator', ORCHESTRATOR],
])('as the %s', (_, account) => {
  test('writes a Job again that somebody has edited, once, and needs no permission that the table lacks', async () => {
    await using world = await openHealthWorld(account);
    const edited = sized(1);
    const name = await world.make(edited, (job) => ({
      ...job,
      template: { ...job.template, template: { ...job.template!.template, maxRetries: 3 } },
    }));
    const known = { ...world.known, images: [image(), edited] };
    const first = await world.probe.compute(known);
    expect(first.status).toMatchObject({ total_resources: 2, verified_count: 1, recreated_count: 1 });
    expect(first.issues).toMatchObject([{ resource_id: name, severity: 'warning', action: 'recreated' }]);
    expect(await world.probe.compute(known)).toMatchObject({ issues: [], status: { verified_count: 2 } });
    expect((await world.jobs.getJob({ name: `${JOB}/${name}` }))[0].template?.template?.maxRetries ?? 0).toBe(0);
    expect(world.iam.refused()).toEqual([]);
  });

  test('gives a Job its label back', async () => {
    await using world = await openHealthWorld(account);
    const bare = sized(1);
    const name = await world.make(bare, ({ labels: _labels, ...job }) => job);
    const { status, issues } = await world.probe.compute({ ...world.known, images: [image(), bare] });
    expect(status).toMatchObject({ tag_updated_count: 1, recreated_count: 0 });
    expect(issues).toMatchObject([{ resource_id: name, action: 'tag_updated' }]);
  });
});

describe('Jobs', () => {
  test('of a registered image that has never run need not be there', async () => {
    await using world = await openHealthWorld();
    const { status, issues } = await world.probe.compute({ ...world.known, images: [image(), sized(1)] });
    expect([status.total_resources, status.verified_count, issues]).toEqual([1, 1, []]);
  });

  test('that no registered image gives are orphaned, told and left; those of others are nobody here knows', async () => {
    await using world = await openHealthWorld();
    const name = await world.make(sized(1));
    await world.jobs.createJob({
      parent: JOB.replace('/jobs', ''),
      jobId: 'somebody-elses',
      job: { template: { template: { containers: [{ image: image().image }], serviceAccount: JOB_ACCOUNT } } },
    });
    const { status, issues } = await world.probe.compute(world.known);
    expect(status).toMatchObject({ total_resources: 2, orphaned_count: 1, orphaned_resources: [name] });
    expect(issues).toMatchObject([{ resource_id: name, action: 'reported' }]);
    expect(await world.names()).toHaveLength(3);
  });

  test('that an unfinished run needs are no orphans, by the name of its execution and by what it asked for', async () => {
    await using world = await openHealthWorld();
    const [named, unknown] = [sized(1), sized(2)];
    const name = await world.make(named);
    await world.make(unknown);
    const unfinished = [
      { image: 'x', cpu: 1, memory_mib: 1, facts: { attempts: [{ platform_execution: `${name}-abcde` }] } },
      { ...unknown, facts: { attempts: [{}] } },
    ] as unknown as Execution[];
    const { status } = await world.probe.compute({ ...world.known, unfinished });
    expect(status).toMatchObject({ total_resources: 3, orphaned_count: 0 });
  });

  test('that may not be written again are told with what Cloud Run said, and nothing was repaired', async () => {
    await using world = await openHealthWorld();
    const edited = sized(1);
    await world.make(edited, (job) => ({
      ...job,
      template: { ...job.template, template: { ...job.template!.template, maxRetries: 3 } },
    }));
    world.iam.revoke(PROCESSOR, 'run.jobs.update');
    const { status, issues } = await world.probe.compute({ ...world.known, images: [image(), edited] });
    expect(status.recreated_count).toBe(0);
    expect(issues).toMatchObject([
      { action: 'reported', message: expect.stringContaining("'run.jobs.update' denied") },
    ]);
  });

  test('of an image that Cloud Run has no size for are told', async () => {
    await using world = await openHealthWorld();
    const huge = image({ image_id: 'huge', memory_mib: 65_536 });
    const { issues } = await world.probe.compute({ ...world.known, images: [image(), huge] });
    expect(issues).toMatchObject([{ resource_type: 'image', resource_id: 'huge' }]);
  });
});

describe('a region that is nearly full of Jobs', () => {
  const limits = { jobLimits: { most: 5, aim: 3 } };

  test('loses the least recently used of ours that nobody needs, never others, never one that is used', async () => {
    await using world = await openHealthWorld(PROCESSOR, limits);
    const [oldest, needed, young, middle] = [sized(1), sized(2), sized(3), sized(4)];
    await world.make(oldest);
    world.hoursLater(1);
    await world.make(needed);
    world.hoursLater(2);
    await world.make(middle);
    world.hoursLater(23.5);
    await world.make(young);
    const unfinished = [{ ...needed, facts: { attempts: [{}] } }] as unknown as Execution[];
    const { issues, status } = await world.probe.compute({ ...world.known, unfinished });
    const gone = issues.filter(({ action }) => action === 'deleted').map(({ resource_id }) => resource_id);
    // The image's own Job is the oldest of all: it is made again by its next run.
    expect(gone).toEqual([jobOfImage(image()), jobOfImage(oldest)]);
    expect(await world.names()).toEqual([needed, middle, young].map(jobOfImage));
    expect(status.orphaned_resources).toEqual([middle, young].map(jobOfImage));
    expect(world.iam.refused()).toEqual([]);
  });

  test('of which none of ours may go, is an error', async () => {
    await using world = await openHealthWorld(PROCESSOR, limits);
    const used = [1, 2, 3, 4].map(sized);
    for (const one of used) await world.make(one);
    const unfinished = [image(), ...used].map((one) => ({
      ...one,
      facts: { attempts: [{}] },
    })) as unknown as Execution[];
    const { issues } = await world.probe.compute({ ...world.known, unfinished });
    expect(issues).toMatchObject([{ severity: 'error', resource_id: 'jobs', message: expect.stringContaining('5') }]);
    expect(await world.names()).toHaveLength(5);
  });

  test('loses nothing twice when two look at once', async () => {
    await using world = await openHealthWorld(PROCESSOR, limits);
    for (const nth of [1, 2, 3, 4]) await world.make(sized(nth));
    const both = await Promise.all([world.probe.compute(world.known), world.probe.compute(world.known)]);
    const errors = both.flatMap(({ issues }) => issues).filter(({ severity }) => severity === 'error');
    expect(errors).toEqual([]);
    expect(await world.names()).toHaveLength(3);
  });
});

describe('the secret of the data keys', () => {
  test('that lost its label gets it back where it may be changed, and is told where it may not', async () => {
    for (const [account, action, count] of [
      [PROCESSOR, 'reported', 0],
      [ORCHESTRATOR, 'tag_updated', 1],
    ] as const) {
      await using world = await openHealthWorld(account);
      const { store } = world.secrets;
      store.update(store.canonical(DATA_KEY), { labels: { team: 'a' } }, ['labels']);
      const { status, issues } = await world.probe.keys([]);
      expect([status.tag_updated_count, issues]).toMatchObject([count, [{ resource_type: 'data_key', action }]]);
      const { labels } = store.secret(store.canonical(DATA_KEY)).shown;
      expect(labels).toEqual(count === 1 ? { team: 'a', 'managed-by': 'runvoy' } : { team: 'a' });
    }
  });

  test('is not missed before anything was sealed, and is when something was', async () => {
    await using world = await openHealthWorld();
    const { store } = world.secrets;
    store.delete(store.canonical(DATA_KEY));
    expect(await world.probe.keys([])).toMatchObject({ issues: [], status: { missing: [] } });
    expect(await world.probe.keys(['1'])).toMatchObject({
      issues: [{ resource_type: 'data_key', severity: 'error' }],
      status: { missing: ['1'] },
    });
  });

  test('whose version was destroyed misses that version', async () => {
    await using world = await openHealthWorld();
    const { store } = world.secrets;
    store.turn(`${store.canonical(DATA_KEY)}/versions/1`, 'DESTROYED');
    const { status, issues } = await world.probe.keys(['1']);
    expect(status.missing).toEqual(['1']);
    expect(issues).toMatchObject([{ resource_type: 'data_key', severity: 'error' }]);
  });

  test('that is encrypted with another key than was set is told', async () => {
    const kmsKey = 'projects/my-project/locations/global/keyRings/runvoy/cryptoKeys/secrets';
    await using world = await openHealthWorld(PROCESSOR, { kmsKey });
    expect((await world.probe.keys([])).issues).toMatchObject([{ resource_type: 'data_key', action: 'reported' }]);
  });
});

describe('the job accounts', () => {
  test('are checked by the processor; one that is gone or disabled is an error, and nothing is made or enabled', async () => {
    await using world = await openHealthWorld(PROCESSOR);
    world.accounts.disable(JOB_ACCOUNT);
    const { status, issues } = await world.probe.identity();
    expect(status).toEqual({
      default_roles_verified: false,
      custom_roles_verified: 0,
      custom_roles_total: 1,
      missing_roles: [JOB_ACCOUNT],
    });
    expect(issues).toMatchObject([{ severity: 'error', message: expect.stringContaining('It is disabled.') }]);
    world.accounts.remove(JOB_ACCOUNT);
    expect((await world.probe.identity()).issues).toMatchObject([
      { message: expect.stringContaining('It is absent.') },
    ]);
  });

  test('are not checked by the orchestrator, which says so and names no one as missing', async () => {
    await using world = await openHealthWorld(ORCHESTRATOR);
    const { status, issues, unchecked } = await world.probe.identity();
    expect([status.missing_roles, issues]).toEqual([[], []]);
    expect(unchecked).toContainEqual({ what: 'job accounts', why: expect.stringContaining('iam.serviceAccounts.get') });
  });

  test('a service whose account may not read accounts does not ask, and says so', async () => {
    await using world = await openHealthWorld(ORCHESTRATOR, { readsAccounts: false });
    const { unchecked, issues } = await world.probe.identity();
    expect(unchecked).toContainEqual({ what: 'job accounts', why: expect.stringContaining('iam.serviceAccounts.get') });
    expect(issues).toEqual([]);
    expect(world.iam.refused()).toEqual([]);
  });

  test('have roles that no account may read: that is said in every report', async () => {
    await using world = await openHealthWorld(PROCESSOR);
    const { unchecked } = await world.probe.identity();
    expect(unchecked.map(({ what }) => what)).toEqual([
      'roles of the job accounts',
      'invoker of the processor',
      'text of the schedules',
      'topics, subscriptions and sinks',
    ]);
  });
});
