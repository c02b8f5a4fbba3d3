import type { ExecutionBody } from './executions.ts';
import type { ImageBody } from './images.ts';
import type { PlaybookSummary } from './playbooks.ts';
import type { SecretBody } from './secrets.ts';
import type { UserBody } from './access.ts';

/** One thing that happened, in runvoy's shape of a log event. */
export interface TraceEventBody {
  readonly event_id: string;
  /** Ms since the epoch. */
  readonly timestamp: number;
  readonly message: string;
}

/** What carries the request's id, or was named by what does. An array that would be empty is left out. */
export interface TraceResources {
  readonly executions?: readonly ExecutionBody[];
  /** Without values. */
  readonly secrets?: readonly SecretBody[];
  readonly users?: readonly UserBody[];
  readonly images?: readonly ImageBody[];
  readonly playbooks?: readonly PlaybookSummary[];
}

/** 200 of `GET /api/v1/trace/{request_id}`. */
export interface TraceAnswer {
  /** Oldest first; null when nothing is known of the request. */
  readonly logs: readonly TraceEventBody[] | null;
  readonly related_resources: TraceResources;
}
