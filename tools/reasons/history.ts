import {
  advance,
  noteTrail,
  withTrail,
  type Evidence,
  type Execution,
  type PlatformEnd,
  type Report,
  type TrailEntry,
} from '@runvoy/core';
import type { PreparationReason, StartReason, WaitingFor } from '@runvoy/protocol';

/** The life of one imagined run, as core would have stored it: nothing here is written but what happened. */
export interface History {
  readonly execution: Execution;
  /** When somebody asks why, ms since the epoch. */
  readonly nowMs: number;
}

const T0 = Date.parse('2026-03-01T12:00:00Z');
const ANN = 'ann@example.com';
const NAME = 'rv-q4zjx7m2k5tq3u6vb2aa-x7k2p';

/** So many seconds after the run was asked for, in ms since the epoch. */
export const at = (seconds: number): number => T0 + seconds * 1000;

const NEW: Execution = {
  execution_id: '3f9a0c7d52e14b86a1c0d94e7f2b6835',
  created_by: ANN,
  owned_by: [ANN],
  command: 'make report',
  image_id: 'debian:13-slim-1f0c7d3a',
  image: 'debian:13-slim',
  cpu: 1024,
  memory_mib: 1024,
  isolation: 'cloud-run',
  timeout_s: 600,
  grace_ms: 10_000,
  max_log_bytes: 1_000_000,
  request_id: 'r',
  modified_by_request_id: 'r',
  started_at_ms: T0,
  cloud: 'GCP',
  facts: { attempts: [{ attempt: 1, token_hash: 'h', made_at_ms: T0 }] },
  status: 'STARTING',
  unfinished: true,
  faults: [],
};

/** What became known, and when, in seconds after the run was asked for. */
export type Step = readonly [seconds: number, ...known: readonly (Evidence | Note)[]];
type Note = { readonly note: Pick<TrailEntry, 'kind' | 'about'> };

/** A run of which this became known, one after the other, `askedAfterS` seconds before somebody asks why. */
export function history(steps: readonly Step[], more: Partial<Execution> = {}, askedAfterS = 20): History {
  let execution: Execution = { ...NEW, ...more };
  for (const [seconds, ...known] of steps) {
    for (const one of known) {
      const next = 'note' in one ? noted(execution, one, at(seconds)) : advance(execution, one);
      execution = withTrail(execution, next, at(seconds));
    }
  }
  return { execution, nowMs: at((steps.at(-1)?.[0] ?? 0) + askedAfterS) };
}

function noted(execution: Execution, { note }: Note, atMs: number): Execution {
  return noteTrail(execution, { at_ms: atMs, attempt: execution.facts.attempts.at(-1)?.attempt ?? 1, ...note });
}

/** On one machine the platform's name for a start is known before it is made. */
export const ON_ONE_MACHINE: Partial<Execution> = {
  cloud: 'LOCAL',
  isolation: 'container',
  facts: {
    attempts: [
      { attempt: 1, token_hash: 'h', made_at_ms: T0, platform_execution: 'local/3f9a0c7d52e14b86a1c0d94e7f2b6835/1' },
    ],
  },
};

/** All slots were taken when it was asked for. */
export const IN_THE_QUEUE: Partial<Execution> = {
  queued: { since_ms: T0, until_ms: T0 + 3_600_000 },
  waiting: true,
  facts: { attempts: [] },
};

export const answered: Evidence = { kind: 'platform_named', attempt: 1, platform_execution: NAME };

export const bound = (seconds: number): Evidence => ({
  kind: 'bootstrapped',
  attempt: 1,
  nonce_hash: 'n',
  at_ms: at(seconds),
});

export const rejected = (reason: StartReason | 'never_started' | 'start_timeout', details: string): Evidence => ({
  kind: 'start_rejected',
  attempt: 1,
  reason,
  details,
});

export const stopped = (seconds: number): Evidence => ({
  kind: 'stop_requested',
  by: ANN,
  grace_ms: 10_000,
  cancel_at_ms: at(seconds),
  at_ms: at(seconds),
});

/** The runner's report: the command ran from `fromS` to `toS`, stored half a second later. */
export const reported = (fromS: number, toS: number, report: Partial<Report>): Evidence => ({
  kind: 'finished',
  attempt: 1,
  report: { cause: 'exited', started_at_ms: at(fromS), ended_at_ms: at(toS), stored_at_ms: at(toS + 0.5), ...report },
});

/** The runner could not start the command. */
export const unprepared = (seconds: number, reason: PreparationReason, details?: string): Evidence =>
  reported(seconds, seconds, { reason, ...(details === undefined ? {} : { details }) });

export const ended = (seconds: number, end: Partial<PlatformEnd> = {}): Evidence => ({
  kind: 'platform_ended',
  attempt: 1,
  end: { platform_execution: NAME, at_ms: at(seconds), kind: 'exited', ...end },
});

export const laneRead: Evidence = { kind: 'lane_settled', attempt: 1 };

export const waiting = (about: WaitingFor): Note => ({ note: { kind: 'waiting', about } });
export const cancelSent = (about: string): Note => ({ note: { kind: 'cancel_sent', about } });
