import type {
  EndCause,
  ExecutionStatus,
  GitSource,
  Isolation,
  LogBackpressure,
  LogLimitPolicy,
  PlaybookVersionRef,
  Reason,
} from '@runvoy/protocol';
import type { PlatformEnd } from '../jobs/job-runner.ts';
import type { AssessedLog } from '../logs/assessed-log.ts';
import type { LogManifest } from '../logs/log-manifest.ts';
import type { DeclaredQuery, Ref } from '../records/records.ts';
import type { Millis } from '../time/clock.ts';
import type { Labels } from './labels.ts';
import type { TrailEntry } from './trail-entry.ts';

/** One try at starting the runner, stored before it is made. */
export interface Attempt {
  readonly attempt: number;
  /** Hex SHA-256 of the one-time bootstrap token. */
  readonly token_hash: string;
  readonly made_at_ms: Millis;
  readonly platform_execution?: string;
  /** Proof that nothing was or will be started by it. */
  readonly rejected?: { readonly reason: Reason; readonly details: string };
  /** The runner asked and was told to stop: it never got the command. */
  readonly told_to_stop?: true;
  readonly end?: PlatformEnd;
  /** Nothing more can come from it: the safety lane was read after its end, in time, and held no report. */
  readonly lane_settled?: true;
}

/** The one runner that received the command and the secrets. */
export interface Binding {
  readonly attempt: number;
  readonly nonce_hash: string;
  readonly platform_execution?: string;
  readonly at_ms: Millis;
}

/** The runner's own account of the end. The first one stored stands. */
export interface Report {
  readonly cause: EndCause;
  readonly exit_code?: number;
  readonly signal?: string;
  readonly reason?: Reason;
  readonly details?: string;
  readonly started_at_ms: Millis;
  readonly ended_at_ms: Millis;
  readonly stored_at_ms: Millis;
}

/** A stored stop request and how far it has come. */
export interface Stop {
  readonly requested_at_ms: Millis;
  readonly requested_by: string;
  readonly grace_ms: number;
  /** From here on every look sends the platform's cancel again until the end is seen. */
  readonly cancel_at_ms: Millis;
  /** A stop that is not confirmed by then is an alarm. Absent where it was stored before there was one. */
  readonly confirm_by_ms?: Millis;
  readonly signalled_at_ms?: Millis;
  readonly killed_at_ms?: Millis;
}

/** A later request that leaves a stop less time. The one that leaves least stands. */
export interface Haste {
  readonly requested_at_ms: Millis;
  readonly requested_by: string;
  readonly grace_ms: number;
  readonly cancel_at_ms: Millis;
  readonly confirm_by_ms?: Millis;
}

/** Everything known of a run's life. The status is a function of these alone, so the order they came in cannot matter. */
export interface Facts {
  readonly attempts: readonly Attempt[];
  readonly bound?: Binding;
  readonly stop?: Stop;
  /** Kept beside the stop, not in it: either may be known first. */
  readonly haste?: Haste;
  /** A look found the start still under way after its time: no runner is handed the command any more. */
  readonly start_timed_out_at_ms?: Millis;
  readonly report?: Report;
  /** Somebody else tried to be this run's runner. */
  readonly conflict?: { readonly at_ms: Millis; readonly details: string };
  /** It waited for a slot longer than it may. Only of a run without attempts. */
  readonly queue_timeout?: { readonly at_ms: Millis };
  /** The record was restored from a backup of that moment, made before the run had ended. Whether anything of it lives is not known here. */
  readonly restored?: { readonly backup_at_ms: Millis; readonly at_ms: Millis };
}

/** A run was accepted when no slot was free for it: since when it waits, and how long it may. */
export interface Queued {
  readonly since_ms: Millis;
  readonly until_ms: Millis;
}

/** What the runner said its log is. */
export interface EndRecord {
  readonly lines: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly maskings: number;
  /** Secret variables whose values were too short to be masked. */
  readonly unmasked?: readonly string[];
}

/** What a record says of masking, as bodies show it. */
export function maskingOf({ end_record }: Execution): Pick<EndRecord, 'unmasked'> & { readonly maskings?: number } {
  if (!end_record) return {};
  const { maskings, unmasked } = end_record;
  return { maskings, ...(unmasked === undefined ? {} : { unmasked }) };
}

/** Something that must not happen and did; kept to be explained, never acted on. */
export interface Fault {
  readonly kind: 'batch_mismatch' | 'second_report' | 'bootstrap_conflict' | 'digest_mismatch';
  readonly at_ms: Millis;
  readonly details: string;
}

/** How many faults an execution keeps; the first ones tell more than the last. */
export const FAULTS_KEPT = 20;

/** It ran in another deployment and was brought here when it had ended. */
export interface Imported {
  readonly at_ms: Millis;
  readonly by: string;
  /** What it was exported from: `AWS`, `GCP`, `LOCAL`. */
  readonly source: string;
  /** How long its command ran, where that was told. */
  readonly ran_ms?: Millis;
}

/** The record of one run: what was asked, what is known, what follows from it. */
export interface Execution {
  readonly execution_id: string;
  readonly created_by: string;
  readonly owned_by: readonly string[];
  readonly command: string;
  readonly image_id: string;
  /** The image reference the platform is given. */
  readonly image: string;
  readonly cpu: number;
  readonly memory_mib: number;
  /** The platform account the image names; absent: the deployment's. */
  readonly service_account?: string;
  readonly isolation: Isolation;
  readonly network?: 'none';
  readonly git?: GitSource;
  readonly labels?: Labels;
  /** The labels as `key=value`, to be found by. */
  readonly label_pairs?: readonly string[];
  /** The playbook it was started from. */
  readonly playbook?: PlaybookVersionRef;
  /** The secrets it was given, by name. */
  readonly secrets?: readonly string[];
  readonly timeout_s: number;
  readonly grace_ms: number;
  readonly max_log_bytes: number;
  /** Absent: `stop`. */
  readonly log_limit_policy?: LogLimitPolicy;
  /** Absent: `spool`. */
  readonly log_backpressure?: LogBackpressure;
  /** It has neither variables nor secrets, and no sealed input is stored beside it. */
  readonly without_input?: true;
  readonly request_id: string;
  /** The W3C trace context of its submission; absent where nobody follows it. */
  readonly traceparent?: string;
  /** The span that `traceparent` names is recorded, and so are the run's own, below it. */
  readonly traced?: true;
  readonly modified_by_request_id: string;
  /** Both, and those in between, to be found by: the first and the latest `REQUESTS_KEPT`. Older records have none. */
  readonly request_ids?: readonly string[];
  readonly started_at_ms: Millis;
  readonly cloud: string;
  /** How many runs of its image may be under way at once, where the image carries a limit of its own. */
  readonly image_max_running?: number;
  /** How many runs counted with this key may be under way at once, where the key that asked for it carries a limit. */
  readonly key_limit?: { readonly key_id: string; readonly max_running: number };
  /** Kept when it has its slot: it did wait. */
  readonly queued?: Queued;
  /** It holds a slot until its end, or held one. Absent where no limit applies. */
  readonly slot?: true;

  readonly facts: Facts;
  /** Derived from `facts`, stored to be queried. */
  readonly status: ExecutionStatus;
  readonly unfinished: boolean;
  /** It waits for a slot: queued, without attempt, not ended. Derived, stored to be queried. */
  readonly waiting?: true;
  readonly exit_code?: number;
  readonly reason?: string;
  readonly completed_at_ms?: Millis;

  /** Last sign of life that was worth a write: at most once a minute for silent runs. */
  readonly seen_at_ms?: Millis;
  readonly end_record?: EndRecord;
  /** All lines of the end record are stored and their SHA-256 agrees. Never taken back. */
  readonly log_proven?: true;
  /** What its log amounted to when all of it was read and it was not whole; of a run that has ended. */
  readonly log_assessed?: AssessedLog;
  /** Since when the age of its log counts: its end. There until nothing is left of the log. */
  readonly log_since_ms?: Millis;
  /** When the archiver looks at its log next; absent when it has nothing to do. */
  readonly archive_due_at_ms?: Millis;
  readonly log_archive?: LogManifest;
  /** The log was older than this deployment keeps logs, and is gone or going. */
  readonly log_expired?: { readonly at_ms: Millis; readonly kept_days: number };
  readonly faults: readonly Fault[];
  readonly imported?: Imported;
  /** When what became known, for `explain`: nothing is decided by it. Absent until there is something. */
  readonly trail?: readonly TrailEntry[];
}

export const executionRef = (id: string): Ref<Execution> => ({ collection: 'executions', id });
export const executionsNewestFirst: DeclaredQuery<Execution> = { name: 'executionsNewestFirst' };
export const executionsByStatus: DeclaredQuery<Execution> = { name: 'executionsByStatus' };
export const executionsOfUser: DeclaredQuery<Execution> = { name: 'executionsOfUser' };
export const executionsOfImages: DeclaredQuery<Execution> = { name: 'executionsOfImages' };
export const executionsWithLabel: DeclaredQuery<Execution> = { name: 'executionsWithLabel' };
export const executionsOfRequest: DeclaredQuery<Execution> = { name: 'executionsOfRequest' };
export const executionsUnfinished: DeclaredQuery<Execution> = { name: 'executionsUnfinished' };
export const executionsArchiveDue: DeclaredQuery<Execution> = { name: 'executionsArchiveDue' };
export const executionsByLogAge: DeclaredQuery<Execution> = { name: 'executionsByLogAge' };
export const waitingOfUser: DeclaredQuery<Execution> = { name: 'executionsWaitingOfUser' };

/** How many requests an execution remembers by their ids. */
export const REQUESTS_KEPT = 10;

/** The run as a request has changed it. */
export function modifiedBy(execution: Execution, requestId: string): Execution {
  const { request_ids = [] } = execution;
  const [first = execution.request_id, ...later] = request_ids.filter((id) => id !== requestId);
  const kept = [first, ...later.slice(-(REQUESTS_KEPT - 2)), requestId];
  return { ...execution, modified_by_request_id: requestId, request_ids: [...new Set(kept)] };
}

/** Adds a fault, keeping the first `FAULTS_KEPT`. */
export function withFault(execution: Execution, fault: Fault): Execution {
  if (execution.faults.length >= FAULTS_KEPT) return execution;
  return { ...execution, faults: [...execution.faults, fault] };
}
