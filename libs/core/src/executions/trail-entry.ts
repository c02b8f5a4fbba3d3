import type { Millis } from '../time/clock.ts';

/**
 * When something became known, or was done, that no fact has a time for. Kept for `explain` alone: nothing is ever decided by it, so
 * it may be incomplete.
 */
export interface TrailEntry {
  readonly at_ms: Millis;
  readonly kind: TrailKind;
  readonly attempt?: number;
  /** What is to be known beside the kind: a `WaitingFor` of `waiting`, the cause of `cancel_sent`, the words of `refused`. */
  readonly about?: string;
}

export type TrailKind =
  | 'start_answered'
  | 'start_rejected'
  | 'told_to_stop'
  | 'end_seen'
  | 'lane_read'
  | 'settled'
  | 'waiting'
  | 'cancel_sent'
  | 'refused';
