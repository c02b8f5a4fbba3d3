import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock, type PlatformEnd, type StartOrder } from '@runvoy/core';
import {
  createIam,
  fakeCloudRun,
  type CloudRunOptions,
  type FakeCloudRun,
  type Iam,
  type LogEntry,
} from '@runvoy/google-fakes';
import { openCloudRunJobRunner, type CloudRunJobRunnerOptions } from '../../src/index.ts';
import { JOB_ACCOUNT, ORDER, SETTINGS } from './scripted-run-api.ts';

export const IMAGE = 'docker.io/library/shell:1';
export const ORCHESTRATOR = 'runvoy-orchestrator@my-project.iam.gserviceaccount.com';

export const DEPLOYMENT = {
  project: SETTINGS.project,
  region: SETTINGS.region,
  secretsPrefix: 'runvoy-secrets',
  database: 'runvoy',
  eventsTopic: 'runvoy-events',
  logsTopic: 'runvoy-logs',
  deadLetterTopic: 'runvoy-dead-letters',
  processorService: 'runvoy-processor',
  archiveBucket: 'my-project-runvoy-archive',
  runLogBucket: 'runvoy-runs',
};

type Jobs = ReturnType<typeof openCloudRunJobRunner>;

/** The adapter, Google's own client, and a Cloud Run that runs a script in the place of the user's command. */
export interface CloudRunWorld extends AsyncDisposable {
  readonly fake: FakeCloudRun;
  readonly jobs: Jobs;
  /** What the orchestrator's account is asked for and granted. */
  readonly iam: Iam;
  readonly entries: LogEntry[];
  /** One more instance of the service. */
  open(): Promise<Jobs>;
  order(more?: Partial<StartOrder>): StartOrder;
  /** Calls of a method that Cloud Run got. */
  calls(method: string): readonly Readonly<Record<string, unknown>>[];
  ended(attempt: StartOrder & { readonly platform_execution?: string }): Promise<PlatformEnd>;
}

/** `script` is what the runner container does; the task ends with it. */
export async function openCloudRunWorld(
  script: string,
  {
    platform = {},
    runner = {},
  }: { readonly platform?: Partial<CloudRunOptions>; readonly runner?: Partial<CloudRunJobRunnerOptions> } = {},
): Promise<CloudRunWorld> {
  const entries: LogEntry[] = [];
  const iam = createIam(DEPLOYMENT, { jobAccounts: [JOB_ACCOUNT] });
  const fake = fakeCloudRun({
    project: SETTINGS.project,
    authorize: iam.authorize,
    images: {
      [IMAGE]: { rootfs: 'host' },
      [SETTINGS.sidecarImage]: {
        rootfs: 'host',
        readable: [dirname(process.execPath)],
        entrypoint: [process.execPath, '-e', standIn(script)],
      },
    },
    ends: 'main-exit',
    mainContainer: 'runner',
    completionLagMs: 20,
    eventLagMs: 20,
    killGraceMs: 300,
    probePeriodMs: 20,
    onLogEntry: (entry) => entries.push(entry),
    ...platform,
  });
  const { host } = await fake.listenAs(ORCHESTRATOR);
  const opened: Jobs[] = [];
  const open = async () => {
    const jobs = openCloudRunJobRunner({
      ...SETTINGS,
      clock: systemClock,
      random: Math.random,
      runEndpoint: host,
      ...runner,
    });
    opened.push(jobs);
    return jobs;
  };
  const jobs = await open();
  return {
    fake,
    jobs,
    iam,
    entries,
    open,
    order: (more) => ({ ...ORDER, execution_id: randomBytes(16).toString('hex'), image: IMAGE, ...more }),
    calls: (method) => fake.calls.filter((call) => call.method === method).map(({ request }) => request as never),
    ended: (attempt) =>
      until('the end', async () => {
        const view = await jobs.look(attempt);
        return view.state === 'ended' && view.end;
      }),
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((one) => one[Symbol.asyncDispose]()));
      await fake.close();
    },
  };
}

/** In the place of the sidecar: puts a shell and the script where the runner's fixed command looks for them, and opens the port. */
function standIn(script: string): string {
  return `
    const { mkdirSync, symlinkSync, writeFileSync } = require('node:fs');
    mkdirSync('/runvoy/bin');
    symlinkSync('/bin/sh', '/runvoy/bin/sh');
    writeFileSync('/runvoy/entry.sh', ${JSON.stringify(script)});
    require('node:net').createServer((socket) => socket.destroy()).listen(8089, process.env.RUNVOY_PROBE_HOST);
    process.on('SIGTERM', () => process.exit(0));
  `;
}

/** Waits for what a test is about; fails, naming it, when it never comes. */
export async function until<T>(
  what: string,
  holds: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const end = Date.now() + 30_000;
  for (;;) {
    const value = await holds();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > end) throw new Error(`never came: ${what}`);
    await pause(20);
  }
}
