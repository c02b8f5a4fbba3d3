import { credentials } from '@grpc/grpc-js';
import { ExecutionsClient, JobsClient, TasksClient } from '@google-cloud/run';
import { fakeCloudRun, type CloudRunOptions, type FakeCloudRun, type LogEntry } from '@runvoy/google-fakes';

export const PROJECT = 'my-project';
export const LOCATION = `projects/${PROJECT}/locations/europe-west1`;
export const ACCOUNT = `orchestrator@${PROJECT}.iam.gserviceaccount.com`;
export const JOB_ACCOUNT = `job@${PROJECT}.iam.gserviceaccount.com`;
export const SHELL_IMAGE = 'docker.io/library/shell:1';

/** A fake Cloud Run with Google's own clients and everything it wrote to Cloud Logging. */
export type RunWorld = {
  fake: FakeCloudRun;
  jobs: JobsClient;
  executions: ExecutionsClient;
  tasks: TasksClient;
  entries: LogEntry[];
} & AsyncDisposable;

export async function openRunWorld(options: Partial<CloudRunOptions> = {}, account = ACCOUNT): Promise<RunWorld> {
  const entries: LogEntry[] = [];
  const fake = fakeCloudRun({
    project: PROJECT,
    images: { [SHELL_IMAGE]: { rootfs: 'host', entrypoint: ['/bin/sh', '-c'] } },
    startMs: 0,
    completionLagMs: 20,
    eventLagMs: 20,
    killGraceMs: 300,
    probePeriodMs: 20,
    onLogEntry: (entry) => entries.push(entry),
    ...options,
  });
  const clients = clientOptions((await fake.listenAs(account)).host);
  const [jobs, executions, tasks] = [new JobsClient(clients), new ExecutionsClient(clients), new TasksClient(clients)];
  return {
    fake,
    jobs,
    executions,
    tasks,
    entries,
    async [Symbol.asyncDispose]() {
      await Promise.all([jobs.close(), executions.close(), tasks.close()]);
      await fake.close();
    },
  };
}

/** As a service configures its clients for an endpoint without TLS. */
export function clientOptions(host: string): ConstructorParameters<typeof JobsClient>[0] & object {
  const [apiEndpoint, port] = host.split(':');
  return {
    apiEndpoint: apiEndpoint as string,
    port: Number(port),
    sslCreds: credentials.createInsecure(),
    projectId: PROJECT,
    universeDomain: 'googleapis.com',
  };
}

export type JobSpec = NonNullable<Parameters<JobsClient['createJob']>[0]>['job'];

/** A job with one container that runs a script, and what a test wants different. */
export function scriptJob(script: string, task: object = {}): JobSpec {
  const container = { name: 'main', image: SHELL_IMAGE, args: [script] };
  return { template: { template: { containers: [container], maxRetries: 0, serviceAccount: JOB_ACCOUNT, ...task } } };
}

/** Creates the job and starts one execution of it; resolves to the execution's full name. */
export async function runNew({ jobs }: RunWorld, jobId: string, job: JobSpec, overrides?: object): Promise<string> {
  await jobs.createJob({ parent: LOCATION, jobId, job: job ?? null });
  const [operation] = await jobs.runJob({ name: `${LOCATION}/jobs/${jobId}`, ...(overrides && { overrides }) });
  return (operation.metadata as { name: string }).name;
}

export function shortName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
