import { pause } from './pause.ts';
import { retryDelayMs } from './retry-delay.ts';
import { errorOf, RunvoyError, unreachable } from './runvoy-error.ts';

/** What the client needs of `fetch`; the platform's own fits. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchAnswer>;

export interface FetchInit {
  readonly method: Method;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly signal: AbortSignal;
  readonly cache: 'no-store';
  /** A key follows no redirection: it would be sent to whoever the server names. */
  readonly redirect: 'error';
}

export interface FetchAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** Where the API is, as whom it is called, and how. */
export interface RunvoyOptions {
  /** Scheme, host and port, without `/api/v1`; empty in a page that the server itself serves. */
  readonly endpoint: string;
  readonly apiKey?: string | undefined;
  /** The platform's own unless given. */
  readonly fetch?: Fetch;
  /** How often a call is tried that may be repeated; 4 unless given. */
  readonly tries?: number;
  /** Waits between two tries; ends at once when the signal aborts. */
  readonly pause?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** In [0, 1): spreads the tries. */
  readonly random?: () => number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** A new Idempotency-Key, unlike any before. */
  readonly newKey?: () => string;
}

/** What a single call may have of its own. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** 30 s unless given. */
  readonly timeoutMs?: number;
  readonly tries?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Call extends CallOptions {
  readonly body?: unknown;
  /** Makes a call safe to repeat: the server does it once. */
  readonly idempotencyKey?: string;
}

interface Answer {
  readonly status: number;
  readonly headers: FetchAnswer['headers'];
  readonly text: string;
}

/** How long an answer may take. */
export const ANSWER_MS = 30_000;
const TRIES = 4;
/** A server that asks to wait for longer is left to whoever called. */
const LONGEST_WAIT_MS = 60_000;

/**
 * Sends requests and tries again where that is safe: what reads, and what carries an Idempotency-Key. Fails with a `RunvoyError`, or,
 * when the caller's signal aborts, with that signal's reason.
 */
export class ApiCaller {
  readonly #options: RunvoyOptions;

  constructor(options: RunvoyOptions) {
    this.#options = options;
  }

  get endpoint(): string {
    return this.#options.endpoint;
  }

  newKey(): string {
    return (this.#options.newKey ?? randomKey)();
  }

  /** The answer's body. Fails with `NOT_RUNVOY` when it is no JSON. */
  async json<T>(method: Method, path: string, call: Call = {}): Promise<T> {
    return (await this.page(method, path, call)).body as T;
  }

  /** The same, with the cursor of the page that follows where the answer names one. */
  async page(
    method: Method,
    path: string,
    call: Call = {},
  ): Promise<{ readonly body: unknown; readonly next?: string }> {
    const { status, headers, text } = await this.send(method, path, call);
    try {
      const next = cursorOf(headers.get('link'));
      return { body: JSON.parse(text) as unknown, ...(next === undefined ? {} : { next }) };
    } catch (cause) {
      const message = `${this.endpoint || 'the server'} does not answer as runvoy's API does; is the address right?`;
      throw new RunvoyError(message, { code: 'NOT_RUNVOY', status, cause });
    }
  }

  async send(method: Method, path: string, call: Call = {}): Promise<Answer> {
    const { pause: wait = pause, random = Math.random } = this.#options;
    const mayRepeat = method === 'GET' || call.idempotencyKey !== undefined;
    const tries = mayRepeat ? (call.tries ?? this.#options.tries ?? TRIES) : 1;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#sendOnce(method, path, call);
      } catch (error) {
        if (!(error instanceof RunvoyError) || !error.mayPass || attempt >= tries) throw error;
        const waitMs = Math.max(error.retryAfterMs ?? 0, retryDelayMs(attempt - 1, random()));
        if (waitMs > LONGEST_WAIT_MS) throw error;
        await wait(waitMs, call.signal);
        call.signal?.throwIfAborted();
      }
    }
  }

  async #sendOnce(method: Method, path: string, call: Call): Promise<Answer> {
    const { endpoint, apiKey, fetch = platformFetch, now = Date.now } = this.#options;
    const { body, idempotencyKey, signal, timeoutMs = ANSWER_MS } = call;
    signal?.throwIfAborted();
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), timeoutMs);
    try {
      const answer = await fetch(`${endpoint}/api/v1${path}`, {
        method,
        headers: {
          accept: 'application/json',
          ...(apiKey === undefined ? {} : { 'x-api-key': apiKey }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
          ...call.headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal,
        cache: 'no-store',
        redirect: 'error',
      });
      const { status, headers } = answer;
      const text = await answer.text();
      if (status >= 200 && status < 300) return { status, headers, text };
      const [requestId, retryAfter] = [headers.get('x-request-id'), headers.get('retry-after')];
      throw errorOf({ status, text, requestId, retryAfter }, now());
    } catch (cause) {
      if (cause instanceof RunvoyError) throw cause;
      signal?.throwIfAborted();
      const why = deadline.signal.aborted ? new Error(`no answer within ${timeoutMs / 1_000} s`) : cause;
      throw unreachable(endpoint || 'the server', why);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The cursor in `<...?cursor=c>; rel="next"` (RFC 8288). */
function cursorOf(link: string | null): string | undefined {
  const target = /<([^>]*)>\s*;\s*rel="?next"?/.exec(link ?? '')?.[1];
  return new URLSearchParams(target?.split('?')[1]).get('cursor') ?? undefined;
}

// Looked up at each call: tests and pages may put another in its place. Called as a function of nothing else: browsers refuse a
// `fetch` that is called as a method.
const platformFetch: Fetch = (url, init) => globalThis.fetch(url, init);

/** Outside of secure contexts a page has no `randomUUID`. */
function randomKey(): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
