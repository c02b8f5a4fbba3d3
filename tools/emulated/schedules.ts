import { CloudSchedulerClient } from '@google-cloud/scheduler';
import type { FakeScheduler } from '@runvoy/google-fakes';
import { GoogleAuth } from 'google-gax';
import { credentials } from '@grpc/grpc-js';
import { REGION, RECONCILE_SCHEDULE, type Deployment } from './deployment.ts';

/** The jobs of Cloud Scheduler: each answers the status of the processor when it is fired by hand. */
export interface Schedules {
  tick(): Promise<number>;
  sweep(): Promise<number>;
  /** From now on they fire by themselves. */
  start(): void;
}

const DEPLOYER = 'deployer@example.com';

/** What a job of the scheduler posts: the same words every time, so the event says no time. */
const bodyOf = (type: string, name: string) =>
  Buffer.from(JSON.stringify({ specversion: '1.0', id: name, source: '/runvoy/scheduler', type, data: {} }));

/** Creates the minute tick and the hourly sweep, by Google's client as Terraform does. */
export async function openSchedules(
  scheduler: FakeScheduler,
  { project, accounts }: Deployment,
  processorUrl: string,
): Promise<Schedules> {
  const parent = `projects/${project}/locations/${REGION}`;
  const name = (job: string) => `${parent}/jobs/runvoy-${job}`;
  // Whoever deploys may create jobs; no service may.
  const door = await scheduler.listenAs(DEPLOYER);
  const [apiEndpoint, port] = door.host.split(':') as [string, string];
  const auth = new GoogleAuth({ universeDomain: 'googleapis.com', projectId: project });
  const client = new CloudSchedulerClient({
    apiEndpoint,
    port: Number(port),
    sslCreds: credentials.createInsecure(),
    auth,
  });
  const create = (job: string, schedule: string) =>
    client.createJob({
      parent,
      job: {
        name: name(job),
        schedule,
        timeZone: 'Etc/UTC',
        attemptDeadline: { seconds: 60 },
        httpTarget: {
          uri: `${processorUrl}/events/tick`,
          httpMethod: 'POST',
          headers: { 'Content-Type': 'application/cloudevents+json' },
          body: bodyOf(`dev.runvoy.${job}.v1`, job),
          oidcToken: { serviceAccountEmail: accounts.caller, audience: processorUrl },
        },
      },
    });
  try {
    await create('tick', '* * * * *');
    await create('sweep', RECONCILE_SCHEDULE);
  } finally {
    await client.close();
    await door.stop();
  }
  const fire = async (job: string) => (await scheduler.fire(name(job)))[0]!;
  return { tick: () => fire('tick'), sweep: () => fire('sweep'), start: () => scheduler.start() };
}
