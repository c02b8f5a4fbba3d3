import { status } from '@grpc/grpc-js';
import { JobsClient } from '@google-cloud/run';
import { describe, expect, test } from '@jest/globals';
import { accountEmail, createIam, GRANTS, type Deployment } from '@runvoy/google-fakes';
import { clientOptions, LOCATION, openRunWorld, PROJECT, scriptJob, SHELL_IMAGE } from './run-world.ts';

const DEPLOYMENT: Deployment = {
  project: PROJECT,
  region: 'europe-west1',
  secretsPrefix: 'runvoy-secrets',
  database: 'runvoy',
  eventsTopic: 'runvoy-events',
  logsTopic: 'runvoy-logs',
  deadLetterTopic: 'runvoy-dead-letters',
  processorService: 'runvoy-processor',
  archiveBucket: 'my-archive',
  runLogBucket: 'runvoy-runs',
};
const ORCHESTRATOR = accountEmail('runvoy-orchestrator', PROJECT);
const JOB_ACCOUNT = accountEmail('runvoy-job', PROJECT);
const JOB = `${LOCATION}/jobs/rv-a`;

function job(serviceAccount = JOB_ACCOUNT, image = SHELL_IMAGE) {
  return scriptJob('true', { serviceAccount, containers: [{ name: 'main', image }] }) ?? null;
}

describe('a call of Cloud Run', () => {
  test('is refused by name of the permission that the account lacks', async () => {
    const { authorize, refused } = createIam(DEPLOYMENT);
    const intake = accountEmail('runvoy-intake', PROJECT);
    await using world = await openRunWorld({ authorize }, intake);
    const asked = world.jobs.runJob({ name: JOB });
    await expect(asked).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
    await expect(asked).rejects.toThrow(`Permission 'run.jobs.run' denied for resource '${JOB}'`);
    expect(refused()).toEqual([{ account: intake, permission: 'run.jobs.run', resource: JOB }]);
  });

  test('from a port that belongs to nobody is refused', async () => {
    const { authorize } = createIam(DEPLOYMENT);
    await using world = await openRunWorld({ authorize });
    const nobody = new JobsClient(clientOptions((await world.fake.listenAs()).host));
    await expect(nobody.listJobs({ parent: LOCATION })).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
    await nobody.close();
  });

  test('that makes a job needs to act as the account of the job, and may act as no other', async () => {
    const { authorize, used } = createIam(DEPLOYMENT);
    await using world = await openRunWorld({ authorize }, ORCHESTRATOR);
    await world.jobs.createJob({ parent: LOCATION, jobId: 'rv-a', job: job() });
    expect(used().map(({ permission }) => permission)).toContain('iam.serviceAccounts.actAs');
    for (const account of [ORCHESTRATOR, '']) {
      const other = world.jobs.createJob({ parent: LOCATION, jobId: 'rv-b', job: job(account) });
      await expect(other).rejects.toThrow("Permission 'iam.serviceAccounts.actAs' denied");
    }
  });

  test('that makes a job needs to read its image', async () => {
    const { authorize, revoke } = createIam(DEPLOYMENT);
    await using world = await openRunWorld({ authorize }, ORCHESTRATOR);
    const restore = revoke(ORCHESTRATOR, 'artifactregistry.repositories.downloadArtifacts');
    const image = `europe-west1-docker.pkg.dev/${PROJECT}/images/python:3`;
    const create = () => world.jobs.createJob({ parent: LOCATION, jobId: 'rv-a', job: job(JOB_ACCOUNT, image) });
    await expect(create()).rejects.toThrow(`projects/${PROJECT}/locations/europe-west1/repositories/images`);
    restore();
    await create();
  });

  test('with overrides needs a permission of its own', async () => {
    const { authorize, revoke } = createIam(DEPLOYMENT);
    await using world = await openRunWorld({ authorize, startMs: 60_000 }, ORCHESTRATOR);
    await world.jobs.createJob({ parent: LOCATION, jobId: 'rv-a', job: job() });
    revoke(ORCHESTRATOR, 'run.jobs.runWithOverrides');
    await world.jobs.runJob({ name: JOB });
    const overridden = world.jobs.runJob({ name: JOB, overrides: { timeout: { seconds: 5 } } });
    await expect(overridden).rejects.toThrow("Permission 'run.jobs.runWithOverrides' denied");
  });

  test('fails from the moment its permission is taken away', async () => {
    const { authorize, revoke } = createIam(DEPLOYMENT);
    await using world = await openRunWorld({ authorize }, ORCHESTRATOR);
    await world.jobs.createJob({ parent: LOCATION, jobId: 'rv-a', job: job() });
    await world.jobs.getJob({ name: JOB });
    revoke(ORCHESTRATOR, 'run.jobs.get');
    await expect(world.jobs.getJob({ name: JOB })).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
  });
});

describe('the table of permissions', () => {
  test('gives the account of the jobs nothing at all', () => {
    expect(GRANTS['runvoy-job']).toEqual([]);
    const { authorize } = createIam(DEPLOYMENT);
    const everything = Object.values(GRANTS).flatMap((grants) => grants.flatMap(({ permissions }) => [...permissions]));
    const granted = everything.filter((permission) => authorize(JOB_ACCOUNT, permission, `projects/${PROJECT}`));
    expect(granted).toEqual([]);
  });

  test('lets secrets be read below the prefix only, by project id and by project number', () => {
    const { authorize } = createIam(DEPLOYMENT);
    const intake = accountEmail('runvoy-intake', PROJECT);
    const reads = (secret: string) =>
      authorize(intake, 'secretmanager.versions.access', `projects/${PROJECT}/secrets/${secret}/versions/1`);
    expect(reads('runvoy-secrets-data-key')).toBe(true);
    expect(reads('other')).toBe(false);
  });

  test('says what was never used', () => {
    const { authorize, unused } = createIam(DEPLOYMENT);
    const key = `${ORCHESTRATOR} run.jobs.get`;
    expect(unused()).toContain(key);
    authorize(ORCHESTRATOR, 'run.jobs.get', JOB);
    expect(unused()).not.toContain(key);
    expect(unused().filter((one) => one.includes(' datastore.'))).toEqual([]);
  });

  test('only the caller account may invoke the processor, and only that service', () => {
    const { authorize } = createIam(DEPLOYMENT);
    const callers = Object.keys(GRANTS).filter((account) =>
      authorize(
        accountEmail(account as keyof typeof GRANTS, PROJECT),
        'run.routes.invoke',
        `${LOCATION}/services/runvoy-processor`,
      ),
    );
    expect(callers).toEqual(['runvoy-caller']);
    expect(authorize(accountEmail('runvoy-caller', PROJECT), 'run.routes.invoke', `${LOCATION}/services/other`)).toBe(
      false,
    );
  });
});
