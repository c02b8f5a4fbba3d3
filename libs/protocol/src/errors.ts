/** Every error answer: runvoy's three fields, the request id, and the members of RFC 9457. */
export interface ErrorBody {
  readonly error: string;
  readonly code?: string;
  readonly details?: string;
  readonly request_id: string;
  readonly type: string;
  readonly title: string;
  readonly status: number;
}
