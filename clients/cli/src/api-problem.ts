import type { ErrorBody } from '@runvoy/protocol';
import { Problem } from './problem.ts';

/** The server answered with an error. */
export class ApiProblem extends Problem {
  readonly status: number;

  constructor(status: number, body: string, fallbackRequestId?: string) {
    super(messageOf(status, body, fallbackRequestId));
    this.name = 'ApiProblem';
    this.status = status;
  }

  /** Another try may fare better. */
  get mayPass(): boolean {
    return this.status === 429 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

/** No answer came. */
export class Unreachable extends Problem {
  constructor(endpoint: string, cause: unknown) {
    const why = reasonOf(cause);
    super(`cannot reach ${endpoint} (${why}). If it is the server of this machine, start it: npm start`, { cause });
    this.name = 'Unreachable';
  }
}

function messageOf(status: number, text: string, fallbackRequestId: string | undefined): string {
  const body = readBody(text);
  if (!body) return `[${status}] ${text.trim().slice(0, 300).replaceAll(/\s+/g, ' ') || 'no explanation given'}`;
  const requestId = body.request_id ?? fallbackRequestId;
  const details = body.details === undefined ? '' : `: ${body.details}`;
  const request = requestId === undefined ? '' : ` (request ${requestId})`;
  return `[${status}] ${body.error}${details}${request}${status === 401 ? SIGN_IN : ''}`;
}

const SIGN_IN = '. Sign in with "runvoy claim <token or link>" or "runvoy configure".';

function readBody(text: string): Partial<ErrorBody> | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null && 'error' in body ? (body as Partial<ErrorBody>) : undefined;
  } catch {
    return undefined;
  }
}

/** Several addresses of one name fail as one error without a message of its own. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
