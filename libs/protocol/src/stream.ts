import type { Completeness, LogLine } from './log-line.ts';
import type { CancelBody, ExecutionStatus } from './executions.ts';

/** WebSocket subprotocol of typed, resumable frames. Clients that ask for none get runvoy's bare frames. */
export const STREAM_PROTOCOL = 'runvoy.v2';

/** Frames of `runvoy.v2`, in the order they may come: one `hello`, then `lines`, `gap` and `status`, one `end`, close 1000. */
export type StreamFrame = HelloFrame | LinesFrame | GapFrame | StatusFrame | EndFrame;

export interface HelloFrame {
  readonly type: 'hello';
  readonly execution_id: string;
  readonly status: ExecutionStatus;
  /** First stored sequence number; 0 when nothing is stored. */
  readonly head: number;
  /** Last stored sequence number when the stream opened. */
  readonly tail: number;
}

/** One stored batch, or the rest of one after the reader's cursor. */
export interface LinesFrame {
  readonly type: 'lines';
  readonly from: number;
  readonly lines: readonly LogLine[];
}

/** Lines that will not come: named, never silently skipped. */
export interface GapFrame {
  readonly type: 'gap';
  readonly from: number;
  readonly to: number;
}

export interface StatusFrame {
  readonly type: 'status';
  readonly status: ExecutionStatus;
  readonly reason?: string;
  readonly waiting_for?: string;
  /** Why it is in this state, as one short clause; an older server sends none. */
  readonly reason_text?: string;
  readonly exit_code?: number;
  readonly cancel?: CancelBody;
}

/** Comes after the terminal status is stored and after every line. `sha256` is the end record's, null when the runner sent none. */
export interface EndFrame {
  readonly type: 'end';
  readonly lines: number;
  readonly sha256: string | null;
  readonly completeness: Completeness;
}

/**
 * runvoy's own frame for one line. An empty line is sent as one space, because its web app drops empty messages. Lines that are missing are
 * one frame that says so, with the number of the last of them.
 */
export interface BareLogFrame {
  readonly event_id: string;
  readonly timestamp: number;
  readonly message: string;
}

/** runvoy's last frame. */
export interface BareDisconnectFrame {
  readonly type: 'disconnect';
  readonly reason: 'execution_completed';
  /** Only when the log is not complete. */
  readonly completeness?: Exclude<Completeness, 'complete'>;
}

/** Close codes of the live view. */
export const STREAM_CLOSE = {
  done: 1000,
  revoked: 1008,
  /** The server restarts: resume with the cursor. */
  restarting: 1012,
  /** The viewer fell 4 MiB behind: resume with the cursor. */
  tooSlow: 1013,
} as const;
