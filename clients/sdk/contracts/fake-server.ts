import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  digestRow,
  isTerminal,
  type ExecutionStatusBody,
  type HealthReport,
  type LogLine,
  type LogStream,
  type PlaybookSummary,
  type SearchLogBody,
  type StatusFrame,
  type StreamFrame,
} from '@runvoy/protocol';
import { WebSocketServer, type WebSocket } from 'ws';

export const RUN_ID = '0123456789abcdef0123456789abcdef';
const BATCH_LINES = 2;

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A small server that speaks the documented wire, for one run whose life a test decides. */
export class FakeServer implements AsyncDisposable {
  readonly requests: Seen[] = [];
  readonly #server: Server;
  readonly #streams = new WebSocketServer({ noServer: true, handleProtocols: () => 'runvoy.v2' });
  readonly #viewers = new Map<WebSocket, number>();
  #lines: LogLine[] = [];
  #state: StatusFrame = {
    type: 'status',
    status: 'STARTING',
    waiting_for: 'runner',
    reason_text: 'waiting for its runner to come up',
  };
  #queue: ExecutionStatusBody['queue'];
  #waiters: (() => void)[] = [];

  /** Answers to the next `POST /run` before it is accepted; 0 = the connection is cut. */
  refusals: number[] = [];
  /** HTTP statuses for the next attempts to open the live view. */
  streamRefusals: number[] = [];
  /** Cuts a live view after so many frames with lines, with this close code; used up one by one. */
  cuts: { readonly afterFrames: number; readonly code: number }[] = [];
  /** Sent after the hello of every live view, as it is. */
  noise: string[] = [];
  /** Lines the store has lost. */
  missing: number[] = [];
  /** What the end record says instead of the truth. */
  statedSha256: string | null | undefined;
  /** The only key that lists runs; undefined: every key does. */
  acceptedKey: string | undefined;
  /** Takes the next stops in, and cuts the connection before it answers. */
  cutsStops = false;
  /** Holds `POST /run` back until it resolves. */
  runGate: Promise<void> = Promise.resolve();
  onStop: () => void = () =>
    this.end('STOPPED', 130, { cancel: { requested: at(0), signalled: at(100), confirmed: at(1_500) } });

  /** What `/playbooks` lists. */
  playbooks: readonly PlaybookSummary[] = [];

  /** What `/health/report` and `/health/reconcile` answer with; without one there is none yet. */
  report: HealthReport | undefined;

  /** What the next searches in the log find, one after another. */
  searches: readonly Omit<SearchLogBody, 'execution_id' | 'status'>[] = [];

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.on('upgrade', (request, socket, head) => {
      const refusal = this.streamRefusals.shift();
      if (refusal !== undefined) return void socket.end(`HTTP/1.1 ${refusal} No\r\nContent-Length: 0\r\n\r\n`);
      const after = Number(new URL(request.url ?? '', 'http://x').searchParams.get('after'));
      this.requests.push({ method: 'UPGRADE', path: request.url ?? '', headers: request.headers, body: '' });
      this.#streams.handleUpgrade(request, socket, head, (viewer) => this.#view(viewer, after));
      this.#wake();
    });
  }

  static async open(): Promise<FakeServer> {
    const fake = new FakeServer();
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get streamUrl(): string {
    return `${this.url.replace('http', 'ws')}/stream?execution_id=${RUN_ID}&token=t`;
  }

  /** How many watch live. */
  get viewers(): number {
    return this.#viewers.size;
  }

  /** Resolves when `condition` holds; looked at whenever something reached the server. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  saw(method: string, path: string): boolean {
    return this.requests.some((seen) => seen.method === method && seen.path.startsWith(path));
  }

  /** The run waits for a slot, at this place. */
  queued(queue: NonNullable<ExecutionStatusBody['queue']>): void {
    this.#queue = queue;
    this.#change({
      type: 'status',
      status: 'STARTING',
      waiting_for: 'slot',
      reason_text: 'waiting for a free slot',
    });
  }

  running(): void {
    this.#change({ type: 'status', status: 'RUNNING' });
  }

  write(text: string, stream: LogStream = 'stdout', partial = false): void {
    const line = {
      seq: this.#lines.length + 1,
      stream,
      ms: 1_000,
      text,
      ...(partial ? { partial: true as const } : {}),
    };
    this.#lines.push(line);
    for (const viewer of this.#viewers.keys()) this.#sendLines(viewer);
  }

  end(status: 'SUCCEEDED' | 'FAILED' | 'STOPPED', exitCode: number, more: Partial<StatusFrame> = {}): void {
    this.#change({ type: 'status', status, exit_code: exitCode, ...more });
    for (const viewer of this.#viewers.keys()) this.#sendEnd(viewer);
  }

  cancel(cancel: StatusFrame['cancel']): void {
    this.#change({
      type: 'status',
      status: 'TERMINATING',
      waiting_for: 'stop_confirmation',
      ...(cancel && { cancel }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const viewer of this.#streams.clients) viewer.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const part of request) body += String(part);
    const { method = '', url = '', headers } = request;
    const path = url.replace('/api/v1', '');
    this.requests.push({ method, path, headers, body });
    this.#wake();
    if (method === 'POST' && path === '/run') return this.#accept(request, response, body);
    if (method === 'POST' && /^\/playbooks\/[^/]+\/run$/.test(path)) return this.#accept(request, response, body);
    if (path.startsWith('/playbooks?')) return reply(response, 200, { playbooks: this.playbooks });
    if (method === 'DELETE') {
      const isOver = isTerminal(this.#state.status);
      if (!isOver) this.onStop();
      if (this.cutsStops) return void request.socket.destroy();
      return isOver ? void response.writeHead(204).end() : reply(response, 200, { execution_id: RUN_ID, message: 'x' });
    }
    if (this.report && (path === '/health/report' || path === '/health/reconcile')) {
      return reply(response, 200, {
        status: 'ok',
        report: { ...this.report, trigger: method === 'GET' ? 'schedule' : 'request' },
      });
    }
    if (path === '/health') return reply(response, 200, { status: 'ok', version: '1.2.3', provider: 'FAKE' });
    if (path.endsWith('/status')) return reply(response, 200, this.#statusBody());
    const [found, ...later] = this.searches;
    if (found && path.includes('/logs/search?')) {
      this.searches = later;
      return reply(response, 200, { execution_id: RUN_ID, status: this.#state.status, ...found });
    }
    if (path.includes('/logs')) return reply(response, 200, this.#logPage(new URL(url, 'http://x').searchParams));
    if (/^\/executions(\?|$)/.test(path)) {
      if (this.acceptedKey === undefined || headers['x-api-key'] === this.acceptedKey) return reply(response, 200, []);
      return reply(response, 401, { error: 'Unauthorized', code: 'UNAUTHORIZED', request_id: 'req1' });
    }
    if (path.startsWith('/claim/'))
      return reply(response, 200, { api_key: 'rvy_claimed', user_email: 'a@b', message: '' });
    reply(response, 404, { error: 'Not Found', code: 'NOT_FOUND', details: 'nothing here', request_id: 'req1' });
  }

  async #accept(request: IncomingMessage, response: ServerResponse, body: string): Promise<void> {
    await this.runGate;
    const refusal = this.refusals.shift();
    if (refusal === 0) return void request.socket.destroy();
    if (refusal !== undefined) {
      return reply(response, refusal, { error: 'No', code: 'UNPROCESSABLE', details: 'refused', request_id: 'req1' });
    }
    const { command = 'from a playbook' } = JSON.parse(body) as { command?: string };
    const [, name] = /^\/api\/v1\/playbooks\/([^/]+)\/run$/.exec(request.url ?? '') ?? [];
    reply(response, 202, {
      execution_id: RUN_ID,
      log_url: '',
      status: 'STARTING',
      command,
      image_id: 'host',
      websocket_url: this.streamUrl,
      isolation: 'process',
      ...(name === undefined ? {} : { playbook: { name, version: 7 } }),
      view_url: `${this.url}/logs?execution_id=${RUN_ID}`,
    });
  }

  #view(viewer: WebSocket, after: number): void {
    const tail = this.#lines.length;
    this.#send(viewer, { type: 'hello', execution_id: RUN_ID, status: this.#state.status, head: 1, tail });
    for (const text of this.noise) viewer.send(text);
    this.#viewers.set(viewer, after);
    viewer.on('close', () => {
      this.#viewers.delete(viewer);
      this.#wake();
    });
    this.#send(viewer, this.#state);
    const cut = this.cuts.shift();
    this.#sendLines(viewer, cut);
    if (cut) viewer.close(cut.code);
    else if (isTerminal(this.#state.status)) this.#sendEnd(viewer);
  }

  #sendLines(viewer: WebSocket, cut?: { readonly afterFrames: number }): void {
    for (let frames = 0; frames < (cut?.afterFrames ?? Infinity); frames++) {
      const after = this.#viewers.get(viewer) ?? 0;
      const lines = this.#stored(after).slice(0, BATCH_LINES);
      const [first] = lines;
      if (!first) return;
      const isOver = isTerminal(this.#state.status);
      if (first.seq > after + 1 && isOver) this.#send(viewer, { type: 'gap', from: after + 1, to: first.seq - 1 });
      this.#send(viewer, { type: 'lines', from: first.seq, lines });
      this.#viewers.set(viewer, lines.at(-1)!.seq);
    }
  }

  #sendEnd(viewer: WebSocket): void {
    this.#sendLines(viewer);
    const { completeness, sha256 } = this.#record();
    this.#send(viewer, { type: 'end', lines: this.#lines.length, sha256, completeness });
    viewer.close(1000);
  }

  #stored(after: number): LogLine[] {
    return this.#lines.filter(({ seq }) => seq > after && !this.missing.includes(seq));
  }

  #record() {
    const sha256 = createHash('sha256').update(this.#lines.map(digestRow).join('')).digest('hex');
    const completeness = this.missing.length > 0 ? ('gaps' as const) : ('complete' as const);
    return { completeness, sha256: this.statedSha256 === undefined ? sha256 : this.statedSha256 };
  }

  #statusBody(): ExecutionStatusBody {
    const { type: _, exit_code, ...state } = this.#state;
    const isOver = isTerminal(state.status);
    return {
      execution_id: RUN_ID,
      command: 'x',
      image_id: 'host',
      isolation: 'process',
      started_at: at(0),
      ...state,
      ...(state.waiting_for === 'slot' && this.#queue !== undefined ? { queue: this.#queue } : {}),
      exit_code: exit_code ?? null,
      ...(isOver ? { completed_at: at(3_200), duration_ms: 3_200 } : {}),
      ...(isOver ? { log: { lines: this.#lines.length, ...this.#record(), sha256: this.#record().sha256 ?? '' } } : {}),
    };
  }

  #logPage(query: URLSearchParams) {
    const [tail, from] = [query.get('tail'), query.get('from')];
    const after = tail === null ? Number(query.get('after')) : Math.max(0, this.#lines.length - Number(tail));
    const isWanted = ({ ms }: LogLine) => from === null || ms >= Date.parse(from);
    const lines = this.#stored(after)
      .filter(isWanted)
      .slice(0, Number(query.get('limit') ?? tail ?? 1_000));
    const isOver = isTerminal(this.#state.status);
    const last = lines.at(-1)?.seq ?? after;
    return {
      execution_id: RUN_ID,
      status: this.#state.status,
      events: lines.map(({ seq, ms, text, stream, partial }) => ({
        event_id: String(seq),
        timestamp: ms,
        message: text,
        stream,
        ...(partial && { partial }),
      })),
      ...(isOver ? this.#record() : { websocket_url: this.streamUrl, completeness: 'running' }),
      ...(isOver && this.#stored(last).length === 0 ? {} : { next_after: last }),
    };
  }

  #change(state: StatusFrame): void {
    this.#state = state;
    for (const viewer of this.#viewers.keys()) this.#send(viewer, state);
  }

  #send(viewer: WebSocket, frame: StreamFrame): void {
    viewer.send(JSON.stringify(frame));
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export function at(ms: number): string {
  return new Date(Date.UTC(2030, 0, 1) + ms).toISOString();
}
