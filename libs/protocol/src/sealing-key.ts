/** What one key still seals. */
export interface SealedByBody {
  readonly key_id: string;
  readonly secrets: number;
  /** Variables of runs that have not ended. */
  readonly run_inputs: number;
}

/** 200 of `GET /api/v1/sealing-key`: which key seals now, and which key seals how much. Keys are told by id, never by value. */
export interface SealingKeyAnswer {
  readonly key_id: string;
  readonly sealed: readonly SealedByBody[];
}

/** 201 of `POST /api/v1/sealing-key/rotate`, 200 of `POST /api/v1/sealing-key/reseal`. */
export interface ResealAnswer {
  /** The key that seals now. */
  readonly key_id: string;
  readonly resealed: number;
  /** What older keys still seal: ask again, or leave it to the hourly reconcile. */
  readonly remaining: number;
  /** Values that did not open, by place. */
  readonly closed: readonly string[];
}
