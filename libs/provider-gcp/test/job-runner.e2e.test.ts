import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, jest } from '@jest/globals';
import { systemClock } from '@runvoy/core';
import { cancellationContract, jobRunnerContract, type JobRunnerWorld } from '@runvoy/core/contracts';
import { fakeCloudRun, type LogEntry } from '@runvoy/google-fakes';
import { openCloudRunJobRunner } from '../src/index.ts';
import { IMAGE, until } from './job-runner/cloud-run-world.ts';
import { STATIC_SHELL, whyNoContainers } from './job-runner/containers-here.ts';
import { loggedReports } from './job-runner/logged-reports.ts';
import { ORDER, SETTINGS } from './job-runner/scripted-run-api.ts';
import { openSidecarIntake } from './job-runner/sidecar-intake.ts';

// Real processes on a machine that may be busy with others.
jest.setTimeout(60_000);

const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url));
const RUNNER_MAIN = `${CHECKOUT}jobs/sandbox-runner/src/main.ts`;

/** Google's client, a Cloud Run that runs containers, and our own sidecar in one of them. */
async function openWorld(): Promise<JobRunnerWorld> {
  const intake = await openSidecarIntake();
  const entries: LogEntry[] = [];
  const fake = fakeCloudRun({
    project: SETTINGS.project,
    images: {
      [IMAGE]: { rootfs: 'host' },
      [SETTINGS.sidecarImage]: {
        rootfs: 'host',
        readable: [CHECKOUT, dirname(process.execPath)],
        entrypoint: [process.execPath, RUNNER_MAIN, 'sidecar'],
        env: { RUNVOY_STATIC_SHELL: STATIC_SHELL },
      },
    },
    completionLagMs: 20,
    probePeriodMs: 20,
    onLogEntry: (entry) => entries.push(entry),
  });
  const { host } = await fake.listenAs('runvoy-orchestrator@my-project.iam.gserviceaccount.com');
  const jobs = openCloudRunJobRunner({
    ...SETTINGS,
    intakeUrl: intake.url,
    clock: systemClock,
    random: Math.random,
    runEndpoint: host,
    logging: loggedReports(entries),
  });
  return {
    jobs,
    order(command) {
      const execution_id = randomBytes(16).toString('hex');
      intake.commands.set(execution_id, command);
      return { ...ORDER, execution_id, image: IMAGE };
    },
    output: (executionId) => intake.output(executionId),
    until,
    async [Symbol.asyncDispose]() {
      await jobs[Symbol.asyncDispose]();
      await fake.close();
      await intake[Symbol.asyncDispose]();
    },
  };
}

const why = whyNoContainers();
const here = why === undefined ? describe : describe.skip;
here(`the Cloud Run job runner keeps the contract:${why === undefined ? '' : ` — skipped: ${why}`}`, () =>
  jobRunnerContract(openWorld, { lane: 'reports', forgets: false }),
);
here(`the Cloud Run job runner keeps the contract of a cancel:${why === undefined ? '' : ` — skipped: ${why}`}`, () =>
  cancellationContract(openWorld, { hastens: false }),
);
