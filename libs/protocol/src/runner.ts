import type { OutputWait, Preparing, Reason } from './reasons.ts';
import type { LogLine } from './log-line.ts';

/** Why a command ended; fixed when the runner sends or sees the first signal. `terminated`: a platform signal nobody announced. */
export type EndCause = 'exited' | 'stop' | 'timeout' | 'output_limit' | 'terminated';

/** `POST /runner/v1/executions/{id}/bootstrap`: the only message without a MAC; the one-time token stands for it. */
export interface BootstrapRequest {
  readonly token: string;
  readonly attempt: number;
  /** 32 hex characters the runner drew itself; a repeat after a lost answer carries the same. */
  readonly nonce: string;
  /** What the platform calls this process: a Cloud Run execution name; locally `local/<execution>/<attempt>`. */
  readonly platform_execution?: string;
  readonly runner_version: string;
}

export interface GitSource {
  readonly url: string;
  readonly ref: string;
  /** Directory inside the clone where the command starts; empty = its root. */
  readonly path: string;
}

/**
 * What happens to a run that writes more than `max_log_bytes`: `stop` ends it (cause `output_limit`); `head_tail` lets it go on, keeps
 * the first and the last part of its log and says in a `system` line what was dropped between them.
 */
export type LogLimitPolicy = 'stop' | 'head_tail';

/**
 * What happens to a command that writes faster than its lines are taken: `spool` lets it run on while they wait on the runner's disk, up
 * to a bound, and slows it down only then; `slow` slows it down as soon as a few batches wait. Nothing is lost under either.
 */
export type LogBackpressure = 'spool' | 'slow';

export interface RunLimits {
  readonly timeout_s: number;
  readonly grace_ms: number;
  /** UTF-8 bytes of the texts that its command may write. */
  readonly max_log_bytes: number;
  /** `stop` unless told. */
  readonly log_limit_policy?: LogLimitPolicy;
  /** `spool` unless told. */
  readonly log_backpressure?: LogBackpressure;
}

/** Answer to a bootstrap that may start. */
export interface BootstrapAnswer {
  readonly stop?: undefined;
  readonly request_id: string;
  readonly image_id: string;
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
  /** Environment variables whose values are masked in the log. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly git?: GitSource;
  readonly limits: RunLimits;
  readonly batch_ms: number;
  readonly session: RunnerSession;
  readonly traceparent?: string;
  /** Directories that `file:` clones may come from; local provider only, set by the server, never by the run. */
  readonly git_roots?: readonly string[];
}

/** Answer to a bootstrap of a run that is to stop: no command, no secrets. */
export interface BootstrapStop {
  readonly stop: true;
}

export interface RunnerSession {
  /** Hex; signs every message of this execution and no other. */
  readonly key: string;
  readonly expires_at: number;
  /** Which signing key it was derived from, so that keys can be rotated. */
  readonly key_id: string;
}

/** An order to stop, in the answer of any runner call. */
export interface StopOrder {
  readonly grace_ms: number;
}

/** How far a stop has come, ms since the epoch. */
export interface StopProgress {
  readonly signalled_ms?: number;
  readonly killed_ms?: number;
}

interface Signed {
  readonly expires_at: number;
  readonly key_id: string;
  /** Hex HMAC-SHA256, see `signed-text.ts`. */
  readonly mac: string;
}

/** One batch: cut once by the runner, never re-cut by anyone. */
export interface LogsMessage extends Signed {
  /** `lines[0].seq`. */
  readonly from: number;
  readonly lines: readonly LogLine[];
}

export interface LogsAnswer {
  /** The last line of this batch: it is stored, whatever became of those before it. */
  readonly acked_through: number;
  readonly stop?: StopOrder;
}

export interface HeartbeatMessage extends Signed {
  /** As `ackedThrough` has it. */
  readonly acked_through: number;
  /** What it does before the command starts; absent once that runs. */
  readonly preparing?: Preparing;
  /** What its output has been waiting for, for some time; absent while lines go out as they come. */
  readonly output_wait?: OutputWait;
  readonly stop_progress?: StopProgress;
}

export interface HeartbeatAnswer {
  readonly stop?: StopOrder;
  /** ms since the epoch at which the run times out. */
  readonly deadline: number;
}

/** The end of the command with the end record of its log. The first one stored stands. */
export interface FinishedMessage extends Signed {
  readonly cause: EndCause;
  /** Absent when a signal ended it, or when it never started (`reason` says why). */
  readonly exit_code?: number;
  readonly signal?: string;
  /** Set when the runner could not start the command. A runner of another version may send a word that is not here. */
  readonly reason?: Reason;
  /** What is known of the reason, in the words of who refused; one line. */
  readonly details?: string;
  readonly started_at: number;
  readonly ended_at: number;
  /** Highest sequence number. */
  readonly lines: number;
  /** UTF-8 bytes of all texts. */
  readonly bytes: number;
  /** Hex SHA-256 over all digest rows. */
  readonly sha256: string;
  /** How many places of the log were masked. */
  readonly maskings: number;
  /** Names of secret variables whose values are too short to be masked; absent when there are none. */
  readonly unmasked?: readonly string[];
  readonly stop_progress?: StopProgress;
}

export type FinishedAnswer = Readonly<Record<string, never>>;

export type RunnerMessageKind = 'logs' | 'heartbeat' | 'finished';

/** One line of the safety lane: the same signed message, wrapped so that a reader knows its kind and run. */
export type SafetyLaneEntry =
  | { readonly runvoy: 'logs'; readonly execution_id: string; readonly attempt: number; readonly body: LogsMessage }
  | {
      readonly runvoy: 'finished';
      readonly execution_id: string;
      readonly attempt: number;
      readonly body: FinishedMessage;
    };
