/** An event that nobody could carry out, as lists show it. */
export interface DeadLetterBody {
  readonly dead_letter_id: string;
  /** `replayed` and `dropped` ones are shown by their id for a while, never in lists. */
  readonly state: 'open' | 'replayed' | 'dropped';
  readonly event_id: string;
  readonly type: string;
  readonly source: string;
  readonly subject?: string;
  /** As the event says it. */
  readonly event_time: string;
  readonly event_bytes: number;
  /** Where it was refused. */
  readonly route: string;
  readonly reason: string;
  /** Deliveries before it was put aside, the last time. */
  readonly attempts: number;
  /** How often it was put aside. */
  readonly deaths: number;
  readonly replays: number;
  readonly first_died_at: string;
  readonly died_at: string;
  /** Who sent it again or dropped it. */
  readonly settled?: { readonly by: string; readonly at: string; readonly request_id: string };
  readonly expires_at: string;
}

/** `GET /api/v1/dead-letters`. */
export interface ListDeadLettersAnswer {
  readonly dead_letters: readonly DeadLetterBody[];
  /** The `after` of the next page; absent on the last. */
  readonly next?: string;
  /** All that are open, on this page or not. */
  readonly count: number;
}

/** `GET /api/v1/dead-letters/{id}`. */
export interface DeadLetterDetails extends DeadLetterBody {
  /** The event in CloudEvents' form; absent when it was too large to be kept. */
  readonly event?: unknown;
}

/** `POST /api/v1/dead-letters/{id}/replay`. */
export interface ReplayAnswer extends DeadLetterBody {
  /** False: the bus did not answer; the next tick sends it. */
  readonly sent: boolean;
}
