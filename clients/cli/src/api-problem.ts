import type { ErrorBody } from '@runvoy/protocol';
import { Problem } from './problem.ts';

/** The server answered with an error. */
export class ApiProblem extends Problem {
  readonly status: number;
  /** The server's own name for the error. */
  readonly code: string | undefined;
  readonly requestId: string | undefined;
  /** What the server said, without status and request. */
  readonly explanation: string;

  constructor(status: number, text: string, fallbackRequestId?: string) {
    const body = readBody(text);
    const requestId = body && (body.request_id ?? fallbackRequestId);
    const explanation = body ? said(body) : plainText(text);
    const request = requestId === undefined ? '' : ` (request ${requestId})`;
    const hint = body && status === 401 ? SIGN_IN : '';
    super(`[${status}] ${explanation}${request}${hint}`);
    this.name = 'ApiProblem';
    this.status = status;
    this.code = body?.code;
    this.requestId = requestId;
    this.explanation = `${explanation}${hint}`;
  }

  /** Another try may fare better. */
  get mayPass(): boolean {
    return this.status === 429 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

/** No answer came. */
export class Unreachable extends Problem {
  constructor(endpoint: string, cause: unknown) {
    super(unreachableText(endpoint, firstCause(cause)), { cause });
    this.name = 'Unreachable';
  }
}

const SIGN_IN = '. Sign in with "runvoy claim <token or link>" or "runvoy configure".';

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

/** OpenSSL's words for bytes that are no TLS record: most often an HTTP server was taken for an HTTPS one. */
const NO_TLS = /wrong version number|packet length too long|record layer failure|http request/i;
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

function unreachableText(endpoint: string, cause: unknown): string {
  const why = (cause instanceof Error ? cause.message || cause.name : String(cause)).replaceAll(/\s+/g, ' ').trim();
  const { protocol, hostname } = new URL(endpoint);
  const isLoopback = LOOPBACK.test(hostname);
  if (protocol === 'https:' && NO_TLS.test(why)) {
    // Plain HTTP carries the key for everybody to read: nobody is led there across a network.
    const hint = isLoopback ? `did you mean ${endpoint.replace('https:', 'http:')}?` : 'is the port right?';
    return `cannot reach ${endpoint}: it does not speak TLS; ${hint}`;
  }
  return `cannot reach ${endpoint} (${why})${isLoopback ? '. If it is the server of this machine, start it: npm start' : ''}`;
}

/** Several addresses of one name fail as one error without a message of its own. */
function firstCause(cause: unknown): unknown {
  return cause instanceof AggregateError && cause.errors.length > 0 ? firstCause(cause.errors[0]) : cause;
}
