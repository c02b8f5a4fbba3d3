import type { Reason } from '@runvoy/protocol';
import type { PlatformEnd } from '../jobs/job-runner.ts';
import type { Millis } from '../time/clock.ts';
import type { Report } from './execution.ts';

/**
 * Everything the world can tell about a run's life. Evidence about a runner names its attempt.
 * It may come twice, late and in any order; `advance` takes it in.
 */
export type Evidence =
  /** Stored in the transaction that precedes the start call. */
  | {
      readonly kind: 'attempt_made';
      readonly attempt: number;
      readonly token_hash: string;
      readonly at_ms: Millis;
      /** Where the platform's name for it is known before the start. */
      readonly platform_execution?: string;
      /** The attempt this one replaces, with the proof that it never was. */
      readonly replaces?: { readonly attempt: number; readonly reason: Reason; readonly details: string };
    }
  /** The run waited for a slot longer than it may; no attempt was made. */
  | { readonly kind: 'queue_timed_out'; readonly at_ms: Millis }
  /** What the platform calls the execution that it made of an attempt, as a look found it before any runner asked. */
  | { readonly kind: 'platform_named'; readonly attempt: number; readonly platform_execution: string }
  /** The platform proved that nothing was or will be started. */
  | { readonly kind: 'start_rejected'; readonly attempt: number; readonly reason: Reason; readonly details: string }
  /** A runner asked with the right token, first, and is handed the command in this same transaction. */
  | {
      readonly kind: 'bootstrapped';
      readonly attempt: number;
      readonly nonce_hash: string;
      /** Absent when neither the runner nor the platform names it. */
      readonly platform_execution?: string;
      readonly at_ms: Millis;
    }
  /** A runner asked after a stop was stored; it was told to stop and got nothing. */
  | { readonly kind: 'told_to_stop'; readonly attempt: number }
  /** A second runner claimed to be the bound attempt, or one the platform does not know. */
  | { readonly kind: 'bootstrap_conflict'; readonly details: string; readonly at_ms: Millis }
  /** A person or a deadline of the deployment asked for the end. */
  | {
      readonly kind: 'stop_requested';
      readonly by: string;
      readonly grace_ms: number;
      readonly cancel_at_ms: Millis;
      readonly confirm_by_ms?: Millis;
      readonly at_ms: Millis;
    }
  /** Somebody asked for a stop that was stored to take less time. */
  | {
      readonly kind: 'stop_hastened';
      readonly by: string;
      readonly grace_ms: number;
      readonly cancel_at_ms: Millis;
      readonly confirm_by_ms?: Millis;
      readonly at_ms: Millis;
    }
  /** A look found something of the start after its time, and no runner had asked for the command. */
  | { readonly kind: 'start_timed_out'; readonly at_ms: Millis }
  /** The runner says how far a stop has come. */
  | { readonly kind: 'stop_progress'; readonly signalled_at_ms?: Millis; readonly killed_at_ms?: Millis }
  /** The signed report of the runner. */
  | { readonly kind: 'finished'; readonly attempt: number; readonly report: Report }
  /** The platform says nothing of the attempt lives any more. */
  | { readonly kind: 'platform_ended'; readonly attempt: number; readonly end: PlatformEnd }
  /** After that end the safety lane was read, in time, and no report was in it. */
  | { readonly kind: 'lane_settled'; readonly attempt: number }
  /** The record was restored from a backup made before the run had ended: nothing more will be heard of it where this is stored. */
  | { readonly kind: 'restored'; readonly backup_at_ms: Millis; readonly at_ms: Millis };

export type EvidenceKind = Evidence['kind'];
