import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { ExecutionsClient, JobsClient } from '@google-cloud/run';
import { credentials } from '@grpc/grpc-js';
import { REGION } from '../tools/emulated/deployment.ts';
import type { EmulatedStack } from '../tools/emulated/stack.ts';

const LOOKS_MS = 5;

/** A shell that is spawned, told to end, killed after `graceMs` if it did not, and waited for: ms, all of it. */
export async function bareProcess(command: string, graceMs: number): Promise<number> {
  const before = performance.now();
  const shell = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  const gone = once(shell, 'exit');
  await once(shell.stdout, 'data');
  process.kill(-shell.pid!, 'SIGTERM');
  const killing = new AbortController();
  const killed = pause(graceMs, undefined, { signal: killing.signal }).then(
    () => process.kill(-shell.pid!, 'SIGKILL'),
    () => undefined,
  );
  await gone;
  killing.abort();
  await killed;
  return performance.now() - before;
}

/** Google's own client on the same Cloud Run: a job of one container, cancelled until the platform says that it is over. */
export async function openBareJobs(stack: EmulatedStack, image: string) {
  const { host } = await stack.google.cloudRun.listenAs(stack.accounts.orchestrator);
  const [apiEndpoint = '', port] = host.split(':');
  const options = {
    apiEndpoint,
    port: Number(port),
    sslCreds: credentials.createInsecure(),
    projectId: stack.project,
    universeDomain: 'googleapis.com',
  };
  const jobs = new JobsClient(options);
  const executions = new ExecutionsClient(options);
  const parent = `projects/${stack.project}/locations/${REGION}`;
  let made = 0;

  const until = async (name: string, is: (execution: Awaited<ReturnType<typeof read>>) => boolean) => {
    while (!is(await read(name))) await pause(LOOKS_MS);
  };
  const read = async (name: string) => (await executions.getExecution({ name }))[0];

  return {
    /** From the cancel to the execution's completion time being shown, ms. */
    async stop(command: string): Promise<number> {
      const jobId = `bare-${(made += 1)}`;
      const container = { image, command: ['/bin/sh'], args: ['-c', command] };
      const template = { containers: [container], maxRetries: 0, serviceAccount: stack.accounts.job };
      await jobs.createJob({ parent, jobId, job: { template: { template } } });
      const [operation] = await jobs.runJob({ name: `${parent}/jobs/${jobId}` });
      const { name } = operation.metadata as unknown as { name: string };
      await until(name, ({ runningCount }) => Number(runningCount) > 0);
      // Its shell has to come as far as its trap.
      await pause(200);
      const before = performance.now();
      await executions.cancelExecution({ name });
      await until(name, ({ completionTime }) => completionTime !== null && completionTime !== undefined);
      return performance.now() - before;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([jobs.close(), executions.close()]);
    },
  };
}
