import type { ErrorBody } from '@runvoy/protocol';

/** Codes that no server sends: what went wrong lies before or beside its answer. */
export type ClientCode =
  /** No answer came. */
  | 'UNREACHABLE'
  /** An answer came that is none of a runvoy server's. */
  | 'NOT_RUNVOY'
  /** A followed run: the server was not heard of for too long. */
  | 'SILENT';

interface Told {
  readonly code: string;
  readonly status?: number;
  readonly details?: string | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly explanation?: string;
  readonly endpoint?: string;
  readonly cause?: unknown;
}

/** Every way in which a call can fail; `code` says which. */
export class RunvoyError extends Error {
  /** The server's own name for the error (docs/errors.md), or a `ClientCode`; `FAILED` when an answer named none. */
  readonly code: string;
  /** Of the answer; 0 when there was none. */
  readonly status: number;
  /** What the server said beyond the title of the error. */
  readonly details: string | undefined;
  /** Names the request in the server's log and audit. */
  readonly requestId: string | undefined;
  /** How long the server asked to wait before the next try. */
  readonly retryAfterMs: number | undefined;
  /** What is wrong, without status and request. */
  readonly explanation: string;
  /** Whom nobody answered for; only with `UNREACHABLE`. */
  readonly endpoint: string | undefined;

  constructor(message: string, told: Told) {
    const { code, status = 0, details, requestId, retryAfterMs, explanation = message, endpoint, cause } = told;
    super(message, cause === undefined ? {} : { cause });
    this.name = 'RunvoyError';
    this.code = code;
    this.status = status;
    this.details = details;
    this.requestId = requestId;
    this.retryAfterMs = retryAfterMs;
    this.explanation = explanation;
    this.endpoint = endpoint;
  }

  /** Another try may fare better: nobody answered, the server has no time now, or it still does what an earlier try asked for. */
  get mayPass(): boolean {
    if (this.code === 'UNREACHABLE' || this.code === 'IDEMPOTENCY_IN_PROGRESS') return true;
    return PASSING.includes(this.status);
  }
}

const PASSING = [429, 502, 503, 504];

/** Not an answer: `cause` says why. */
export function unreachable(endpoint: string, cause: unknown): RunvoyError {
  return new RunvoyError(`cannot reach ${endpoint} (${causeText(cause)})`, { code: 'UNREACHABLE', endpoint, cause });
}

/** What lies behind a failed call, on one line: the system's own words, where there are some. */
export function causeText(cause: unknown): string {
  const first = firstCause(cause);
  return (first instanceof Error ? first.message || first.name : String(first)).replaceAll(/\s+/g, ' ').trim();
}

/** `fetch` hides the system's error behind its own, and several addresses of one name fail as one error without a message. */
function firstCause(cause: unknown): unknown {
  if (cause instanceof AggregateError && cause.errors.length > 0) return firstCause(cause.errors[0]);
  return cause instanceof Error && cause.cause instanceof Error ? firstCause(cause.cause) : cause;
}

interface ErrorAnswer {
  readonly status: number;
  readonly text: string;
  readonly requestId?: string | null;
  readonly retryAfter?: string | null;
}

/** An answer that is an error; also one that is not the server's own, but of something before it. */
export function errorOf({ status, text, requestId, retryAfter }: ErrorAnswer, nowMs: number): RunvoyError {
  const body = readBody(text);
  const explanation = body ? said(body) : plainText(text);
  const id = body && (body.request_id ?? requestId ?? undefined);
  return new RunvoyError(`[${status}] ${explanation}${id === undefined ? '' : ` (request ${id})`}`, {
    code: body?.code ?? 'FAILED',
    status,
    details: body?.details,
    requestId: id,
    retryAfterMs: readRetryAfter(retryAfter, nowMs),
    explanation,
  });
}

function said({ error, details }: Partial<ErrorBody>): string {
  return `${error}${details === undefined ? '' : `: ${details}`}`;
}

function plainText(text: string): string {
  return text.trim().slice(0, 300).replaceAll(/\s+/g, ' ') || 'no explanation given';
}

function readBody(text: string): Partial<ErrorBody> | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null && 'error' in body ? (body as Partial<ErrorBody>) : undefined;
  } catch {
    return undefined;
  }
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
function readRetryAfter(text: string | null | undefined, nowMs: number): number | undefined {
  if (!text) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}
