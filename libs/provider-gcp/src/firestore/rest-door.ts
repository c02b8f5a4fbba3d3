import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { StoreProblem } from './store-problem.ts';

/** Says who asks: the value of the `Authorization` header. */
export type Authorize = () => Promise<string>;

export interface RestDoorOptions {
  /** `host` or `host:port`. */
  readonly host: string;
  /** Plain HTTP, for the emulator. */
  readonly isPlain: boolean;
  readonly authorize: Authorize;
  readonly now: () => number;
}

/** The parts of `node:http` and `node:https` used here. */
interface HttpModule {
  request(options: RequestOptions, answered: (answer: IncomingMessage) => void): ClientRequest;
  readonly Agent: new (options: object) => Agent;
}

/**
 * An idle connection is closed by the other side after some minutes, and a Cloud Run instance sleeps between requests: it would
 * notice only when a write had already gone out. So what idled this long is closed here first.
 */
const IDLE_MS = 15_000;
const MAX_SOCKETS = 100;

/**
 * Firestore's REST doors over kept connections: half the CPU of the gRPC client for each call, and nothing to load
 * (docs/decisions/0012-firestore-records.md).
 */
export class RestDoor {
  readonly #options: RestDoorOptions;
  #http: Promise<{ readonly http: HttpModule; readonly agent: Agent }> | undefined;
  #lastUsed = 0;

  constructor(options: RestDoorOptions) {
    this.#options = options;
  }

  /** Posts `body` to `/v1/<path>`. Rejects with a `StoreProblem` for whatever is no answer within `deadlineMs`. */
  async call(path: string, body: object, deadlineMs: number): Promise<unknown> {
    const over = AbortSignal.timeout(deadlineMs);
    try {
      const authorization = await within(this.#options.authorize(), over);
      const { http, agent } = await this.#open();
      this.#dropIdle(agent);
      const { status, text } = await this.#post(http, agent, path, JSON.stringify(body), authorization, over);
      return answerOf(status, text);
    } catch (error) {
      if (error instanceof StoreProblem) throw error;
      const { code, syscall } = error as { code?: string; syscall?: string };
      // Without a connection nothing was sent.
      const isRejected = code === 'ECONNREFUSED' || syscall === 'connect' || syscall === 'getaddrinfo';
      const status = over.aborted ? 'DEADLINE_EXCEEDED' : 'UNAVAILABLE';
      throw new StoreProblem(status, (error as Error).message, { cause: error, isRejected });
    }
  }

  async close(): Promise<void> {
    const { agent } = (await this.#http) ?? {};
    agent?.destroy();
  }

  #open(): Promise<{ readonly http: HttpModule; readonly agent: Agent }> {
    this.#http ??= import(this.#options.isPlain ? 'node:http' : 'node:https').then((http: HttpModule) => ({
      http,
      agent: new http.Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, scheduling: 'lifo' }),
    }));
    return this.#http;
  }

  #dropIdle(agent: Agent): void {
    const now = this.#options.now();
    if (now - this.#lastUsed > IDLE_MS) {
      for (const socket of Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])) socket.destroy();
    }
    this.#lastUsed = now;
  }

  #post(
    http: HttpModule,
    agent: Agent,
    path: string,
    text: string,
    authorization: string,
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const { hostname, port } = new URL(`http://${this.#options.host}`);
    const headers = {
      authorization,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    };
    return new Promise((resolve, reject) => {
      const options = { hostname, ...(port === '' ? {} : { port }), path: `/v1/${path}`, method: 'POST', headers };
      const request = http.request({ ...options, agent, signal }, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.once('error', reject);
        answer.once('end', () =>
          resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }),
        );
      });
      request.once('error', reject);
      request.end(text);
    });
  }
}

function answerOf(status: number, text: string): unknown {
  const answer = json(text);
  // A stream of answers is an array here, and ends with an error when it broke.
  const last: unknown = Array.isArray(answer) ? answer.at(-1) : answer;
  const { error } = (last ?? {}) as { error?: { status?: string; message?: string } };
  if (status === 200 && answer !== undefined && !error) return answer;
  throw new StoreProblem(error?.status ?? statusNamed(status), error?.message ?? `HTTP ${status}`);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** For answers that are not Firestore's own, from a proxy on the way. */
function statusNamed(status: number): string {
  if (status === 429) return 'RESOURCE_EXHAUSTED';
  if (status === 401 || status === 403) return 'PERMISSION_DENIED';
  return 'UNAVAILABLE';
}

async function within<R>(work: Promise<R>, signal: AbortSignal): Promise<R> {
  signal.throwIfAborted();
  return new Promise<R>((resolve, reject) => {
    const late = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', late, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', late));
  });
}
