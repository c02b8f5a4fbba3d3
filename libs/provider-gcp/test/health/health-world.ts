import { JobsClient, type protos } from '@google-cloud/run';
import { manualClock, type Image, type KnownThings } from '@runvoy/core';
import type { SilentWorld } from '@runvoy/core/contracts';
import {
  createIam,
  fakeAccounts,
  fakeCloudRun,
  fakeSecretManager,
  type FakeAccounts,
  type FakeCloudRun,
  type FakeSecretManager,
  type Iam,
} from '@runvoy/google-fakes';
import { openHealthProbe, openSecretManagerVault, type GcpHealthProbeOptions } from '../../src/index.ts';
import { plaintextEndpoint } from '../../src/endpoint.ts';
import { jobIdOf, profileOf } from '../../src/job-runner/job-profile.ts';
import { jobOf } from '../../src/job-runner/job-template.ts';
import { jobName, locationName } from '../../src/job-runner/names.ts';
import { DEPLOYMENT, IMAGE, until } from '../job-runner/cloud-run-world.ts';
import { JOB_ACCOUNT, ORDER, SETTINGS } from '../job-runner/scripted-run-api.ts';

export const PROCESSOR = 'runvoy-processor@my-project.iam.gserviceaccount.com';
export const ORCHESTRATOR = 'runvoy-orchestrator@my-project.iam.gserviceaccount.com';
export const DATA_KEY = 'projects/my-project/secrets/runvoy-secrets-data-key';
const PLACE = { project: SETTINGS.project, region: SETTINGS.region };
const HOUR_MS = 3_600_000;

export const image = (more: Partial<Image> = {}): Image => ({
  image_id: 'shell:1-00000000',
  image: IMAGE,
  cpu: 256,
  memory_mib: 512,
  runtime_platform: 'linux/amd64',
  created_by: 'admin@example.com',
  owned_by: ['admin@example.com'],
  created_at_ms: 0,
  created_by_request_id: 'r',
  modified_by_request_id: 'r',
  ...more,
});

/** The id of the Job that runs of this image have. */
export const jobOfImage = ({ image: reference, cpu, memory_mib }: Image) =>
  jobIdOf(profileOf({ ...ORDER, image: reference, cpu, memory_mib }, SETTINGS));

/** The probe, Google's own clients, and the fakes of what it asks, which check every call against the table of permissions. */
export interface GcpHealthWorld extends SilentWorld {
  readonly run: FakeCloudRun;
  readonly secrets: FakeSecretManager;
  readonly accounts: FakeAccounts;
  readonly iam: Iam;
  /** Whoever deploys, and may do anything. */
  readonly jobs: JobsClient;
  /** Makes the Job of an image as a run would, changed by `change`, and waits until it is ready. */
  make(wanted: Image, change?: (job: JobGiven) => JobGiven): Promise<string>;
  /** What Cloud Run does from now on is done so long after the first Job was made; the probe asks a day after it. */
  hoursLater(hours: number): void;
  /** The Jobs that exist. */
  names(): Promise<readonly string[]>;
}

type JobGiven = protos.google.cloud.run.v2.IJob;

/** A deployment with one image that has run, asked about a day later by `account`. */
export async function openHealthWorld(
  account = PROCESSOR,
  more: Partial<GcpHealthProbeOptions> = {},
): Promise<GcpHealthWorld> {
  const iam = createIam(DEPLOYMENT, { jobAccounts: [JOB_ACCOUNT] });
  const authorize: typeof iam.authorize = (who, ...asked) => who === undefined || iam.authorize(who, ...asked);
  const startMs = Date.now();
  let cloudMs = startMs;
  const run = fakeCloudRun({
    project: SETTINGS.project,
    authorize,
    now: () => cloudMs,
    images: { [IMAGE]: { rootfs: 'host' }, [SETTINGS.sidecarImage]: { rootfs: 'host' } },
  });
  const secrets = fakeSecretManager({ authorize });
  const accounts = fakeAccounts({ project: SETTINGS.project, accounts: [JOB_ACCOUNT], authorize });
  const jobs = new JobsClient({
    projectId: SETTINGS.project,
    ...(await plaintextEndpoint((await run.listenAs()).host)),
  });
  const clock = manualClock(cloudMs + 24 * HOUR_MS);
  const probe = openHealthProbe({
    ...SETTINGS,
    secretsPrefix: 'runvoy-secrets',
    readsAccounts: true,
    // A wait is over at once: what is tested is what is said after the last try.
    clock: { ...clock, sleep: async () => undefined },
    random: Math.random,
    runEndpoint: (await run.listenAs(account)).host,
    secretManagerEndpoint: (await secrets.listenAs(account)).host,
    iamEndpoint: (await accounts.listenAs(account)).host,
    ...more,
  });
  const vaultPort = (await secrets.listenAs(ORCHESTRATOR)).host;
  const vault = openSecretManagerVault({ project: 'my-project', prefix: 'runvoy-secrets', endpoint: vaultPort, clock });
  await vault.seal(Buffer.from('x'), { collection: 'secrets', id: 'x', field: 'sealed' });
  const world: GcpHealthWorld = {
    probe,
    known: { images: [image()], secrets: [], unfinished: [] } satisfies KnownThings,
    keyId: '1',
    run,
    secrets,
    accounts,
    iam,
    jobs,
    async make(wanted, change = (job) => job) {
      const jobId = jobOfImage(wanted);
      const profile = profileOf(
        { ...ORDER, image: wanted.image, cpu: wanted.cpu, memory_mib: wanted.memory_mib },
        SETTINGS,
      );
      await jobs.createJob({ parent: locationName(PLACE), jobId, job: change(jobOf(profile)) });
      await until('the Job is settled', async () => {
        const [job] = await jobs.getJob({ name: jobName(PLACE, jobId) });
        return job.reconciling ? false : jobId;
      });
      return jobId;
    },
    hoursLater(hours) {
      cloudMs = startMs + hours * HOUR_MS;
    },
    async names() {
      const [all] = await jobs.listJobs({ parent: locationName(PLACE) });
      return all.map(({ name }) => name!.split('/').at(-1)!);
    },
    silence() {
      run.faults.calls.next({ method: 'ListJobs', code: 14, times: 100 });
      secrets.faults.next({ method: 'GetSecret', code: 14, times: 100 });
      accounts.faults.next({ method: 'serviceAccounts.get', code: 503, times: 100 });
    },
    async [Symbol.asyncDispose]() {
      await probe[Symbol.asyncDispose]();
      await jobs.close();
      await Promise.all([run.close(), secrets[Symbol.asyncDispose](), accounts[Symbol.asyncDispose]()]);
    },
  };
  await world.make(image());
  return world;
}
