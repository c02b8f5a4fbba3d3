import type { ExecutionsClient, JobsClient, TasksClient } from '@google-cloud/run';
import { plaintextEndpoint } from '../endpoint.ts';
import { isMessage, text } from './message.ts';
import { lastPart, readExecution, readJob, readListedJob, readTask, SIDECAR } from './read-resources.ts';
import type { RunApi } from './run-api.ts';

interface Clients {
  readonly jobs: JobsClient;
  readonly executions: ExecutionsClient;
  readonly tasks: TasksClient;
}

/** Of one answer; how often it is asked again is for the caller. */
const READ_MS = 5_000;
const WRITE_MS = 10_000;
/** Nothing inside the client calls twice: of RunJob that would start a command twice. */
const ONCE = { maxRetries: 0, retry: { retryCodes: [] } };

/**
 * Cloud Run through Google's own client, at its own address or at `endpoint` (`host:port`, plaintext). The client is loaded and the
 * connection made with the first call.
 */
export function openRunApi({
  project,
  endpoint,
}: {
  readonly project: string;
  readonly endpoint?: string | undefined;
}): RunApi {
  let opened: Promise<Clients> | undefined;
  const clients = () => (opened ??= openClients(project, endpoint));
  return {
    async getJob(name) {
      const { jobs } = await clients();
      const [job] = await jobs.getJob({ name }, { timeout: READ_MS, ...ONCE });
      return readJob(job as never);
    },
    async listJobs(parent, { limit, after }) {
      const { jobs } = await clients();
      const request = { parent, pageSize: limit, ...(after === undefined ? {} : { pageToken: after }) };
      const [page, , raw] = await jobs.listJobs(request, { timeout: READ_MS, autoPaginate: false, ...ONCE });
      const next = raw?.nextPageToken ?? '';
      return { jobs: page.map((job) => readListedJob(job as never)), ...(next === '' ? {} : { next }) };
    },
    async createJob(parent, jobId, job) {
      const { jobs } = await clients();
      // The operation is let go: it asks for itself only when somebody listens.
      await jobs.createJob({ parent, jobId, job }, { timeout: WRITE_MS, ...ONCE });
    },
    async updateJob(name, job) {
      const { jobs } = await clients();
      await jobs.updateJob({ job: { name, ...job } }, { timeout: WRITE_MS, ...ONCE });
    },
    async deleteJob(name, etag) {
      const { jobs } = await clients();
      await jobs.deleteJob({ name, etag }, { timeout: WRITE_MS, ...ONCE });
    },
    async runJob(name, { env, timeoutS }, timeoutMs) {
      const { jobs } = await clients();
      const variables = Object.entries(env).map(([variable, value]) => ({ name: variable, value }));
      const overrides = { containerOverrides: [{ name: SIDECAR, env: variables }], timeout: { seconds: timeoutS } };
      // Awaiting the operation's end would wait for the run's, and reject with code 10 when the command fails.
      const [operation] = await jobs.runJob({ name, overrides }, { timeout: timeoutMs, ...ONCE });
      const execution: unknown = operation.metadata;
      return isMessage(execution) ? lastPart(text(execution['name'])) || undefined : undefined;
    },
    async getExecution(name) {
      const { executions } = await clients();
      const [execution] = await executions.getExecution({ name }, { timeout: READ_MS, ...ONCE });
      return readExecution(execution as never);
    },
    async listExecutions(parent, { limit, after }) {
      const { executions } = await clients();
      const request = { parent, pageSize: limit, ...(after === undefined ? {} : { pageToken: after }) };
      const [page, , raw] = await executions.listExecutions(request, {
        timeout: READ_MS,
        autoPaginate: false,
        ...ONCE,
      });
      const next = raw?.nextPageToken ?? '';
      return {
        executions: page.map((execution) => readExecution(execution as never)),
        ...(next === '' ? {} : { next }),
      };
    },
    async listTasks(parent) {
      const { tasks } = await clients();
      const [page] = await tasks.listTasks(
        { parent, pageSize: 10 },
        { timeout: READ_MS, autoPaginate: false, ...ONCE },
      );
      return page.map((task) => readTask(task as never));
    },
    async cancelExecution(name) {
      const { executions } = await clients();
      await executions.cancelExecution({ name }, { timeout: WRITE_MS, ...ONCE });
    },
    async close() {
      if (!opened) return;
      const { jobs, executions, tasks } = await opened;
      await Promise.all([jobs.close(), executions.close(), tasks.close()]);
    },
  };
}

async function openClients(projectId: string, endpoint: string | undefined): Promise<Clients> {
  const { ExecutionsClient: Executions, JobsClient: Jobs, TasksClient: Tasks } = await import('@google-cloud/run');
  // The channel's own repeats are for calls that cannot have arrived; whether that is certain is not ours to find out.
  const options = { projectId, 'grpc.enable_retries': 0, ...(await plaintextEndpoint(endpoint)) };
  return { jobs: new Jobs(options), executions: new Executions(options), tasks: new Tasks(options) };
}
