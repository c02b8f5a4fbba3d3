import type { Evidence } from '../../src/executions/evidence.ts';
import type { Execution, Report } from '../../src/executions/execution.ts';
import { advance } from '../../src/executions/advance.ts';
import type { PlatformEnd } from '../../src/jobs/job-runner.ts';

/** A run that was just stored. */
export const starting: Execution = {
  execution_id: '0'.repeat(32),
  created_by: 'ann@example.com',
  owned_by: ['ann@example.com'],
  command: 'true',
  image_id: 'host:latest-00000000',
  image: 'host',
  cpu: 256,
  memory_mib: 512,
  isolation: 'process',
  timeout_s: 3_600,
  grace_ms: 10_000,
  max_log_bytes: 1_000_000,
  request_id: 'r',
  modified_by_request_id: 'r',
  started_at_ms: 1_000,
  cloud: 'LOCAL',
  facts: { attempts: [{ attempt: 1, token_hash: 'hash 1', made_at_ms: 1_000 }] },
  status: 'STARTING',
  unfinished: true,
  faults: [],
};

/** A run that was stored and waits for a slot. */
export const queued: Execution = {
  ...starting,
  queued: { since_ms: 1_000, until_ms: 3_601_000 },
  waiting: true,
  facts: { attempts: [] },
};

export const queueTimedOut: Evidence = { kind: 'queue_timed_out', at_ms: 3_601_000 };

export const bootstrapped = (attempt = 1): Evidence => ({
  kind: 'bootstrapped',
  attempt,
  nonce_hash: `nonce ${attempt}`,
  platform_execution: `platform/${attempt}`,
  at_ms: 2_000,
});

export const stopRequested: Evidence = {
  kind: 'stop_requested',
  by: 'ann@example.com',
  grace_ms: 10_000,
  cancel_at_ms: 3_000,
  at_ms: 3_000,
};

export const hastened = (grace_ms: number, at_ms = 3_500): Evidence => ({
  kind: 'stop_hastened',
  by: 'bob@example.com',
  grace_ms,
  cancel_at_ms: at_ms,
  at_ms,
});

export const finished = (report: Partial<Report>, attempt = 1): Evidence => ({
  kind: 'finished',
  attempt,
  report: { cause: 'exited', started_at_ms: 2_100, ended_at_ms: 4_000, stored_at_ms: 4_100, ...report },
});

export const platformEnded = (end: Partial<PlatformEnd> = {}, attempt = 1): Evidence => ({
  kind: 'platform_ended',
  attempt,
  end: { platform_execution: `platform/${attempt}`, at_ms: 5_000, kind: 'exited', ...end },
});

export const laneSettled = (attempt = 1): Evidence => ({ kind: 'lane_settled', attempt });

export const conflict: Evidence = { kind: 'bootstrap_conflict', details: 'a second runner', at_ms: 2_500 };

export const attemptMade = (attempt: number, replaces?: number): Evidence => ({
  kind: 'attempt_made',
  attempt,
  token_hash: `hash ${attempt}`,
  at_ms: 1_000 + attempt,
  ...(replaces === undefined
    ? {}
    : { replaces: { attempt: replaces, reason: 'never_started', details: 'the order was lost' } }),
});

/** The run after this evidence, in this order. */
export function after(...evidence: readonly Evidence[]): Execution {
  return evidence.reduce(advance, starting);
}

/** A run that waited for a slot after this evidence, in this order. */
export function afterWaiting(...evidence: readonly Evidence[]): Execution {
  return evidence.reduce(advance, queued);
}

/** What readers are told of an end. */
export function outcomeOf({ status, exit_code, reason }: Execution) {
  return { status, ...(exit_code === undefined ? {} : { exit_code }), ...(reason === undefined ? {} : { reason }) };
}
