import type { TerminalStatus } from './executions.ts';

/** runvoy's own events by CloudEvents type, with their `data`. */
export interface RunvoyEvents {
  /** Stored with the terminal state, in the same transaction. Delivered at least once. */
  'dev.runvoy.execution.finished.v1': {
    readonly execution_id: string;
    readonly status: TerminalStatus;
    readonly exit_code: number;
    readonly ended_at_ms: number;
  };
  /** The platform may know something new of this execution: look. Never proof by itself. */
  'dev.runvoy.execution.look.v1': { readonly execution_id: string };
  /** Time has passed. A scheduler that says the same words every time does not say when. */
  'dev.runvoy.tick.v1': { readonly at_ms?: number };
  /** The platform's own lists are to be compared with the records. */
  'dev.runvoy.sweep.v1': { readonly at_ms?: number };
}

export type RunvoyEventType = keyof RunvoyEvents;
