import { STATUS_CODES } from 'node:http';
import { Failure, FAILURES, type FailureCode } from '@runvoy/core';
import type { ErrorBody } from '@runvoy/protocol';

/** The answer for an error: its status and its body. `isUnexpected`: an operator should see the cause, the caller must not. */
export interface ErrorAnswer {
  readonly status: number;
  readonly body: ErrorBody;
  readonly isUnexpected: boolean;
  /** Seconds after which another try may fare better, where one may. */
  readonly retryAfterS?: number;
}

/** What passes by itself, and about how soon. Limits of rates say it exactly, where they are counted. */
const RETRY_AFTER_S: Partial<Record<FailureCode, number>> = {
  IDEMPOTENCY_IN_PROGRESS: 1,
  QUEUE_FULL: 10,
  STORE_CONTENDED: 1,
  STORE_UNAVAILABLE: 5,
  PLATFORM_UNAVAILABLE: 5,
  TOO_MANY_VIEWERS: 10,
  SHUTTING_DOWN: 5,
};

/** Fastify's own refusals (bad JSON, too large a body, wrong media type) and schema violations carry a status. */
interface WithStatus {
  readonly statusCode?: number;
  readonly code?: string;
  readonly message?: string;
}

const CODE_FOR_STATUS: Partial<Record<number, FailureCode>> = {
  400: 'INVALID_REQUEST',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  413: 'PAYLOAD_TOO_LARGE',
  414: 'URI_TOO_LONG',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  416: 'INVALID_REQUEST',
};

/** Turns whatever was thrown into an answer. What the table of failures does not know is an internal error. */
export function answerFor(error: unknown, requestId: string): ErrorAnswer {
  if (error instanceof Failure) {
    return answer(error.status, error.code, error.message, requestId, error.status >= 500);
  }
  const { statusCode, message } = (error ?? {}) as WithStatus;
  const code = statusCode === undefined ? undefined : CODE_FOR_STATUS[statusCode];
  if (statusCode !== undefined && code !== undefined) return answer(statusCode, code, message ?? '', requestId, false);
  const internal = FAILURES.INTERNAL_ERROR;
  return answer(internal.status, 'INTERNAL_ERROR', internal.text(''), requestId, true);
}

/** `error` is the short word clients show first, `details` the sentence; the rest are the members of RFC 9457. */
function answer(
  status: number,
  code: FailureCode,
  details: string,
  requestId: string,
  isUnexpected: boolean,
): ErrorAnswer {
  const title = STATUS_CODES[status] ?? 'Error';
  const body = { error: title, code, details, request_id: requestId, type: `urn:runvoy:error:${code}`, title, status };
  const retryAfterS = RETRY_AFTER_S[code];
  return { status, body, isUnexpected, ...(retryAfterS === undefined ? {} : { retryAfterS }) };
}
