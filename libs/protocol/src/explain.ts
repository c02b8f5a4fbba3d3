import type { ExecutionStatus } from './executions.ts';

/** `GET /api/v1/executions/{id}/explain`: everything that is known of a run, in sentences for a person. Times are RFC 3339. */
export interface ExplainBody {
  readonly execution_id: string;
  readonly status: ExecutionStatus;
  /** The `reason_text` of lists and status lines. */
  readonly summary: string;
  readonly reason?: string;
  /** What its reason means; absent where the command's own exit code says it all. */
  readonly happened?: string;
  readonly to_do?: string;
  /** Of a run that has ended: by which rule its end was judged from the evidence. */
  readonly rule?: string;
  /** What became known, oldest first. */
  readonly evidence: readonly EvidenceBody[];
  readonly waiting_for?: WaitingBody;
  /** Who looks after the run next, soonest first. */
  readonly next?: readonly NextBody[];
  /** What must not happen and did. */
  readonly faults: readonly FaultBody[];
  /** What the platform's own log says of it, and what its containers printed past runvoy. */
  readonly platform_notes: readonly PlatformNoteBody[];
}

export interface EvidenceBody {
  readonly at: string;
  readonly kind: EvidenceBodyKind;
  /** Which start it is about, from 1. */
  readonly attempt?: number;
  readonly text: string;
}

export type EvidenceBodyKind =
  | 'imported'
  | 'requested'
  | 'queued'
  | 'queue_timed_out'
  | 'start_made'
  | 'start_answered'
  | 'start_rejected'
  | 'waiting'
  | 'bootstrapped'
  | 'refused'
  | 'conflict'
  | 'command_started'
  | 'heard'
  | 'start_timed_out'
  | 'stop_requested'
  | 'stop_hastened'
  | 'told_to_stop'
  | 'signalled'
  | 'killed'
  | 'cancel_sent'
  | 'command_ended'
  | 'reported'
  | 'platform_end'
  | 'lane_read'
  | 'settled'
  | 'restored'
  | 'platform_now';

export interface WaitingBody {
  readonly what: string;
  readonly text: string;
  readonly to_do: string;
  readonly since: string;
}

export interface NextBody {
  readonly who: 'server' | 'runner';
  readonly at: string;
  readonly text: string;
}

export interface FaultBody {
  readonly at: string;
  readonly kind: string;
  readonly text: string;
}

export interface PlatformNoteBody {
  readonly platform_execution: string;
  /** Absent for what is counted, not dated. */
  readonly at?: string;
  readonly text: string;
}
