import { createHash, createHmac } from 'node:crypto';
import type { FakeCloudRun } from '@runvoy/google-fakes';
import {
  digestRow,
  signedText,
  type BootstrapAnswer,
  type FinishedMessage,
  type HeartbeatMessage,
  type LogLine,
  type LogsMessage,
  type RunnerSession,
  type RunRequest,
} from '@runvoy/protocol';
import { systemClock } from '@runvoy/core';
import { openCloudRunJobRunner } from '@runvoy/provider-gcp';
import { REGION } from '../tools/emulated/deployment.ts';
import { poll } from '../services/standalone/test/server.ts';
import type { EmulatedServer } from './emulated-server.ts';

/** A run whose containers have not started: the test has its token, and can be its runner. */
export interface HeldRun {
  readonly id: string;
  readonly token: string;
  /** The account its job runs as. */
  readonly account: string;
}

const NEVER_MS = 3_600_000;

/** Submits a run that the platform accepts and does not start as long as the stack lives. */
export async function heldRun(server: EmulatedServer, request: RunRequest): Promise<HeldRun> {
  const { cloudRun } = server.stack.google;
  cloudRun.faults.startDelayMs = NEVER_MS;
  const { execution_id: id } = await server.run(request);
  const token = await poll(() => tokenOf(cloudRun, id));
  cloudRun.faults.startDelayMs = 0;
  return { id, token, account: server.stack.accounts.job };
}

/** What the platform calls the executions of runs, by the runs' ids. */
export async function executionNames({ stack }: EmulatedServer): Promise<ReadonlyMap<string, string>> {
  const { host } = await stack.google.cloudRun.listenAs(stack.accounts.processor);
  await using platform = openCloudRunJobRunner({
    project: stack.project,
    region: REGION,
    serviceAccounts: [],
    defaultServiceAccount: stack.accounts.job,
    sidecarImage: '',
    intakeUrl: '',
    clock: systemClock,
    random: Math.random,
    runEndpoint: host,
  });
  const { executions } = await platform.list({ limit: 100 });
  return new Map(executions.map(({ execution_id, platform_execution }) => [execution_id, platform_execution]));
}

/** What RunJob was given for the sidecar of this run. */
function tokenOf({ calls }: FakeCloudRun, executionId: string): string | undefined {
  for (const { method, request } of calls) {
    if (method !== 'RunJob') continue;
    const { overrides } = request as {
      overrides: { containerOverrides: { env: { name: string; value: string }[] }[] };
    };
    const env = new Map(overrides.containerOverrides.flatMap((one) => one.env.map(({ name, value }) => [name, value])));
    if (env.get('RUNVOY_EXECUTION_ID') === executionId) return env.get('RUNVOY_BOOTSTRAP_TOKEN');
  }
  return undefined;
}

type Headers = Readonly<Record<string, string>>;

/** Posts to the intake as a runner does. */
export async function postToIntake(
  server: EmulatedServer,
  { id, kind, body, headers = {} }: { id: string; kind: string; body: object; headers?: Headers },
): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await fetch(`${server.stack.urls.intake}/runner/v1/executions/${id}/${kind}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: answer.status, text: await answer.text() };
}

/** The identity of a job, as its metadata server gives it. */
export function jobIdentity({ stack }: EmulatedServer, account = stack.accounts.job): Headers {
  return { authorization: `Bearer ${stack.google.issuer.idToken(account, stack.urls.intake)}` };
}

/** Bootstraps as the run's own runner; `platform_execution` is what it says that it is. */
export async function bootstrapAs(
  server: EmulatedServer,
  run: HeldRun,
  { nonce = '1'.repeat(32), token = run.token, headers = jobIdentity(server), platform_execution = '' } = {},
) {
  const body = { token, attempt: 1, nonce, runner_version: '1', platform_execution };
  return postToIntake(server, { id: run.id, kind: 'bootstrap', body, headers });
}

export async function sessionOf(server: EmulatedServer, run: HeldRun): Promise<RunnerSession> {
  const { status, text } = await bootstrapAs(server, run);
  if (status !== 200) throw new Error(`The bootstrap was answered ${status}: ${text}`);
  return (JSON.parse(text) as BootstrapAnswer).session;
}

/** Perfect messages about an execution, signed with a session; whether it is that execution's is another matter. */
export function messagesOf(executionId: string, { key, key_id, expires_at }: RunnerSession, said: string) {
  const mac = (text: string) => createHmac('sha256', Buffer.from(key, 'hex')).update(text).digest('hex');
  const now = Date.now();
  const lines: LogLine[] = [{ seq: 1, stream: 'stdout', ms: now, text: said }];
  const signed = { key_id, expires_at };
  const logs = { from: 1, lines, ...signed };
  const heartbeat = { acked_through: 0, ...signed };
  const finished = {
    cause: 'exited' as const,
    exit_code: 9,
    started_at: now,
    ended_at: now,
    lines: 1,
    bytes: Buffer.byteLength(said),
    sha256: createHash('sha256').update(lines.map(digestRow).join('')).digest('hex'),
    maskings: 0,
    ...signed,
  };
  return {
    logs: { ...logs, mac: mac(signedText('logs', executionId, logs)) } satisfies LogsMessage,
    heartbeat: { ...heartbeat, mac: mac(signedText('heartbeat', executionId, heartbeat)) } satisfies HeartbeatMessage,
    finished: { ...finished, mac: mac(signedText('finished', executionId, finished)) } satisfies FinishedMessage,
  };
}
