import type { ClaimAnswer, ErrorBody, ExecutionBody, ExecutionStatusBody, LogsBody } from '@runvoy/protocol';
import { ApiProblem, problemOf, unreachable } from './api-problem.ts';

/** The calls this page makes. Every one fails with an `ApiProblem`. */
export interface RunvoyApi {
  runs(limit: number, signal?: AbortSignal): Promise<readonly ExecutionBody[]>;
  status(executionId: string, signal?: AbortSignal): Promise<ExecutionStatusBody>;
  /** A page of lines in any state. */
  logPage(executionId: string, after: number, limit: number, signal?: AbortSignal): Promise<LogsBody>;
  /** The log in runvoy's shape: while it runs, only where to stream it from. */
  log(executionId: string, signal?: AbortSignal): Promise<LogsBody>;
  /** False when there was nothing left to stop. */
  stop(executionId: string): Promise<boolean>;
}

/** The API as seen with one key. */
export function openApi(key: string): RunvoyApi {
  const headers = { 'X-API-Key': key };
  const execution = (id: string) => `/executions/${encodeURIComponent(id)}`;
  return {
    runs: (limit, signal) => call(`/executions?limit=${limit}`, { headers, signal }),
    status: (id, signal) => call(`${execution(id)}/status`, { headers, signal }),
    logPage: (id, after, limit, signal) =>
      call(`${execution(id)}/logs?after=${after}&limit=${limit}`, { headers, signal }),
    log: (id, signal) => call(`${execution(id)}/logs`, { headers, signal }),
    stop: async (id) => (await call<object | undefined>(execution(id), { method: 'DELETE', headers })) !== undefined,
  };
}

/** Redeems a single-use sign-in token. By POST: a link preview that only reads must not use it up. */
export function redeemClaim(token: string): Promise<ClaimAnswer> {
  return call(`/claim/${encodeURIComponent(token)}`, { method: 'POST' });
}

interface CallOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal | undefined;
}

async function call<T>(path: string, { method = 'GET', headers = {}, signal }: CallOptions): Promise<T> {
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(`/api/v1${path}`, { method, headers, cache: 'no-store', signal: signal ?? null });
    text = await answer.text();
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw unreachable(cause);
  }
  const body = parsed(text);
  if (!answer.ok) throw problemOf(answer.status, body as Partial<ErrorBody> | undefined);
  if (answer.status === 204) return undefined as T;
  if (body === undefined)
    throw new ApiProblem('broken', 'The server’s answer could not be read. Is this a runvoy server?');
  return body as T;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}
