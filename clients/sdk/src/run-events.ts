import type { ExecutionStatusBody, LogGap, LogLine, StatusFrame } from '@runvoy/protocol';
import type { LogEnd, LogVerdict } from './log-tally.ts';
import type { RunvoyError } from './runvoy-error.ts';

/** What a follower learns of a run, in this order of time; `end` is the last. */
export type RunEvent =
  /** Lines that follow those before. */
  | { readonly type: 'lines'; readonly lines: readonly LogLine[] }
  /** Lines that will not come. */
  | ({ readonly type: 'gap' } & LogGap)
  | StatusFrame
  /** Everything the server says of the run: first of all, unless an address of the live view was given. */
  | { readonly type: 'run'; readonly run: ExecutionStatusBody }
  | ConnectionEvent
  | EndEvent;

/** How the run is read. `lost`: try `attempt` (from 1) has failed, `error` says why if an answer did; the next comes in `retryInMs`. */
export type ConnectionEvent =
  | { readonly type: 'connection'; readonly state: 'live' | 'pages' }
  | {
      readonly type: 'connection';
      readonly state: 'lost';
      readonly attempt: number;
      readonly retryInMs: number;
      readonly error: RunvoyError | undefined;
    };

/** Run and log have ended. */
export interface EndEvent extends LogEnd {
  readonly type: 'end';
  /** What this client found out about the log itself. */
  readonly verdict: LogVerdict;
  /** SHA-256 that it computed; absent when it has not read the log from its first line to its last. */
  readonly recomputed?: string;
  /** The run at its end; absent when the server did not say any more. */
  readonly run?: ExecutionStatusBody;
  /** The last state that was told. */
  readonly last?: StatusFrame;
}
