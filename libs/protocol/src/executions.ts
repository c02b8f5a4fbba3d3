import type { Completeness, LogGap, LogStream } from './log-line.ts';
import type { CostBody, UsageBody } from './usage.ts';

/** runvoy's six. New meaning goes into extra fields, never into a new status. */
export type ExecutionStatus = 'STARTING' | 'RUNNING' | 'TERMINATING' | 'SUCCEEDED' | 'FAILED' | 'STOPPED';
export type TerminalStatus = 'SUCCEEDED' | 'FAILED' | 'STOPPED';

/** True for the three statuses that never change again. */
export function isTerminal(status: ExecutionStatus): status is TerminalStatus {
  return status === 'SUCCEEDED' || status === 'FAILED' || status === 'STOPPED';
}

/** How a command is kept from the machine it runs on. */
export type Isolation = 'container' | 'bubblewrap' | 'process' | 'cloud-run';

/** What a run may reach: `default` is what its isolation has, `none` is nothing at all. */
export type Network = 'default' | 'none';

/** One version of one playbook. */
export interface PlaybookVersionRef {
  readonly name: string;
  readonly version: number;
}

/** `POST /api/v1/run`. */
export interface RunRequest {
  readonly command: string;
  readonly image?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Seconds the command may take; 0 or absent = the deployment's default. */
  readonly timeout?: number;
  readonly secrets?: readonly string[];
  readonly git_repo?: string;
  readonly git_ref?: string;
  readonly git_path?: string;
  /** The isolation the caller wants, by name; `process` and `bubblewrap` waive the image. */
  readonly isolation?: 'container' | 'bubblewrap' | 'process';
  /** `none`: no network. Absent = as its image is registered. An image without one cannot be given one. */
  readonly network?: Network;
  /** Seconds between SIGTERM and SIGKILL when the run is stopped or times out. */
  readonly grace?: number;
  /** What the run is found by again: at most 16. Everybody who may list runs sees them. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** 202 of `POST /api/v1/run`. */
export interface RunAnswer {
  readonly execution_id: string;
  /** Always empty, as in runvoy. */
  readonly log_url: string;
  readonly status: ExecutionStatus;
  readonly command: string;
  readonly image_id: string;
  readonly websocket_url: string;
  readonly isolation: Isolation;
  /** `slot` when the run was accepted and has to wait for one. */
  readonly waiting_for?: string;
  readonly playbook?: PlaybookVersionRef;
  /** Where a person watches the run. */
  readonly view_url: string;
}

/** Where a run stands that waits for a slot. */
export interface QueueBody {
  /** From 1. Users take turns, so that it may also grow. */
  readonly place: number;
  /** How many runs wait. */
  readonly waiting: number;
  /** Which limit has no room for it, and how many runs that allows; absent when it only waits for its turn. */
  readonly limit?: 'deployment' | 'user' | 'image' | 'key';
  readonly max_running?: number;
  /** When it fails with reason `queue_timeout`, RFC 3339. */
  readonly until?: string;
}

/** What became of a run that was waited for. */
export interface RunOutcome {
  readonly status: TerminalStatus;
  readonly exit_code: number;
  readonly reason?: string;
  /** The last of each stream, whole lines. */
  readonly stdout: string;
  readonly stderr: string;
  /** There was more before it: read the log. */
  readonly stdout_cut?: true;
  readonly stderr_cut?: true;
  readonly completeness: Completeness;
  /** The cursor behind the last stored line. */
  readonly after: number;
}

/** 200 of `POST /api/v1/run` with `Prefer: wait=N`, when the run ended in time; otherwise the answer is the 202. */
export interface WaitedRunAnswer extends Omit<RunAnswer, 'status'>, RunOutcome {}

/** Times of a stop, RFC 3339; a step that has not happened is absent. */
export interface CancelBody {
  readonly requested?: string;
  /** When somebody asked for it to take less time. */
  readonly hastened?: string;
  readonly signalled?: string;
  readonly killed?: string;
  readonly confirmed?: string;
  /** Until it is confirmed: by when it should be. Beyond, something is wrong on the platform. */
  readonly confirm_by?: string;
}

/** The end of a log, as the runner stated it and as the store proves it. */
export interface LogSummaryBody {
  readonly completeness: Completeness;
  readonly lines: number;
  readonly bytes?: number;
  readonly sha256?: string;
  readonly gaps?: readonly LogGap[];
  /** When it was removed, because this deployment keeps logs for so long: no door shows it any more. */
  readonly expired_at?: string;
  /** How many places were masked; absent without an end record. */
  readonly maskings?: number;
  /** Names of secret variables whose values are too short to be masked. */
  readonly unmasked?: readonly string[];
}

/** An element of `GET /api/v1/executions`, and the body of `GET /api/v1/executions/{id}`. */
export interface ExecutionBody {
  readonly execution_id: string;
  readonly created_by: string;
  readonly owned_by: readonly string[];
  readonly command: string;
  readonly image_id: string;
  readonly started_at: string;
  readonly completed_at?: string;
  readonly status: ExecutionStatus;
  /** 0 while running, as in runvoy. */
  readonly exit_code: number;
  readonly duration_seconds?: number;
  readonly created_by_request_id: string;
  readonly modified_by_request_id: string;
  readonly cloud: string;
  readonly reason?: string;
  readonly waiting_for?: string;
  readonly queue?: QueueBody;
  /** Why it is in this state, as one short clause; an older server sends none. */
  readonly reason_text?: string;
  readonly cancel?: CancelBody;
  readonly isolation: Isolation;
  readonly network?: 'none';
  readonly labels?: Readonly<Record<string, string>>;
  readonly playbook?: PlaybookVersionRef;
  /** The secrets it was given, by name. */
  readonly secrets?: readonly string[];
  /** What was asked of the isolation: 1024 = one cpu, MiB. Whether it can limit them, the run's log says. */
  readonly cpu?: number;
  readonly memory?: number;
  readonly log?: LogSummaryBody;
  /** Once it has ended. */
  readonly usage?: UsageBody;
  /** Once it has ended, where prices are configured. */
  readonly cost?: CostBody;
}

/** `GET /api/v1/executions/{id}/status`. */
export interface ExecutionStatusBody {
  readonly execution_id: string;
  readonly status: ExecutionStatus;
  readonly command: string;
  readonly image_id: string;
  readonly started_at: string;
  readonly completed_at?: string;
  /** null until `completed_at` is set. */
  readonly exit_code: number | null;
  readonly reason?: string;
  readonly waiting_for?: string;
  readonly queue?: QueueBody;
  /** Why it is in this state, as one short clause; an older server sends none. */
  readonly reason_text?: string;
  readonly cancel?: CancelBody;
  readonly isolation: Isolation;
  readonly network?: 'none';
  readonly labels?: Readonly<Record<string, string>>;
  readonly playbook?: PlaybookVersionRef;
  readonly duration_ms?: number;
  readonly log?: LogSummaryBody;
  /** Once it has ended. */
  readonly usage?: UsageBody;
  /** Once it has ended, where prices are configured. */
  readonly cost?: CostBody;
}

/** runvoy's log event. `stream` and `partial` are ours. */
export interface LogEventBody {
  /** The sequence number, in decimal. */
  readonly event_id: string;
  readonly timestamp: number;
  readonly message: string;
  readonly stream: LogStream;
  readonly partial?: true;
}

/**
 * `GET /api/v1/executions/{id}/logs`. Without a query it has runvoy's shape: while STARTING or RUNNING `events` is null and
 * `websocket_url` is set; afterwards the whole history. With `after`, `limit`, `tail`, `from` or `to`, a page of lines in any state.
 */
export interface LogsBody {
  readonly execution_id: string;
  readonly events: readonly LogEventBody[] | null;
  readonly status: ExecutionStatus;
  readonly websocket_url?: string;
  readonly completeness?: Completeness;
  readonly gaps?: readonly LogGap[];
  /** Pass as `after` for the lines that follow; absent when there is nothing more in what was asked for and nothing will come. */
  readonly next_after?: number;
  readonly sha256?: string;
}

/** `GET /api/v1/executions/{id}/logs/verify`: what the stored lines amount to, worked out anew. */
export interface VerifyLogBody {
  readonly execution_id: string;
  readonly status: ExecutionStatus;
  readonly completeness: Completeness;
  /** The end record's, or the highest stored number when there is no end record. */
  readonly lines: number;
  readonly gaps: readonly LogGap[];
  /** Hex, over what is stored. */
  readonly stored_sha256: string;
  /** Hex, as the runner signed it in its end record, or as the export stated it. */
  readonly sha256?: string;
  readonly bytes?: number;
  /** It was imported: its end record came with it, and no runner of this deployment signed it. */
  readonly imported?: true;
  /** How many places were masked; absent without an end record. */
  readonly maskings?: number;
  /** Names of secret variables whose values are too short to be masked. */
  readonly unmasked?: readonly string[];
}

/** `POST /api/v1/executions/{id}/ticket`: URLs that need no key until they expire. Each is a credential. */
export interface TicketBody {
  readonly execution_id: string;
  /** RFC 3339. */
  readonly expires_at: string;
  /** Server-sent events, for a bare `EventSource`. */
  readonly events_url: string;
  readonly websocket_url: string;
  /** The whole log as text. */
  readonly text_url: string;
}

/** 200 of `DELETE /api/v1/executions/{id}`; the second time 204. */
export interface KillAnswer {
  readonly execution_id: string;
  readonly message: string;
}
