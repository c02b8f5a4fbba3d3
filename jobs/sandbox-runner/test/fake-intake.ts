import { createHash, createHmac } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type IncomingMessage, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type BootstrapAnswer,
  type BootstrapRequest,
  type FinishedMessage,
  type HeartbeatMessage,
  type LogLine,
  type LogsMessage,
  digestRow,
  signedText,
} from '@runvoy/protocol';

/** What the fake does with a request instead of answering it properly. */
export type Misbehaviour = 'drop_before' | 'drop_after' | { readonly status: number; readonly body?: object };

export interface FakeIntake extends AsyncDisposable {
  /** Where it listens: the path of a Unix socket, or a URL. */
  readonly socket: string;
  /** The `Authorization` header of every bootstrap. */
  readonly authorizations: (string | undefined)[];
  readonly bootstraps: BootstrapRequest[];
  /** Batches as first stored, in order of arrival. */
  readonly batches: LogsMessage[];
  /** Every arrival of a batch, repeats included. */
  readonly arrivals: number[];
  readonly heartbeats: HeartbeatMessage[];
  readonly finished: FinishedMessage[];
  readonly badSignatures: string[];
  /** Decides about the next requests; asked with the call and how often it was made. */
  misbehave: (call: string, nth: number) => Misbehaviour | undefined;
  /** Put into answers of logs and heartbeats. */
  stop: { grace_ms: number } | undefined;
  lines(stream?: LogLine['stream']): LogLine[];
  texts(stream?: LogLine['stream']): string[];
  /** The end record as a reader would make it from the lines. */
  digest(): { lines: number; bytes: number; sha256: string };
  close(): Promise<void>;
  listen(): Promise<void>;
}

export const SESSION = { key: 'ab'.repeat(32), key_id: 'k1', expires_at: Date.now() + 86_400_000 };

export function bootstrapAnswer(command: string, more: Partial<BootstrapAnswer> = {}): BootstrapAnswer {
  return {
    request_id: 'req-1',
    image_id: 'host',
    command,
    env: {},
    secrets: {},
    limits: { timeout_s: 60, grace_ms: 10_000, max_log_bytes: 1 << 30 },
    batch_ms: 10,
    session: SESSION,
    ...more,
  };
}

/** A processor reduced to what a runner sees of it. `where`: the path of a Unix socket, or `tcp` for a free port of this machine. */
export async function openFakeIntake(
  where: string,
  executionId: string,
  answer: BootstrapAnswer | { stop: true },
): Promise<FakeIntake> {
  const counts = new Map<string, number>();
  const sessionKey = answer.stop ? SESSION.key : answer.session.key;
  let server: Server | undefined;
  let port = 0;

  const fake: FakeIntake = {
    get socket() {
      return where === 'tcp' ? `http://127.0.0.1:${port}` : where;
    },
    authorizations: [],
    bootstraps: [],
    batches: [],
    arrivals: [],
    heartbeats: [],
    finished: [],
    badSignatures: [],
    misbehave: () => undefined,
    stop: undefined,
    lines: (stream) =>
      fake.batches
        .flatMap(({ lines }) => lines)
        .filter((line) => !stream || line.stream === stream)
        .sort((a, b) => a.seq - b.seq),
    texts: (stream) => fake.lines(stream).map(({ text }) => text),
    digest() {
      const lines = fake.lines();
      const hash = createHash('sha256');
      for (const line of lines) hash.update(digestRow(line));
      const bytes = lines.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
      return { lines: lines.length, bytes, sha256: hash.digest('hex') };
    },
    close: async () => {
      const closing = server;
      server = undefined;
      closing?.closeAllConnections();
      await new Promise<void>((resolve) => (closing ? closing.close(() => resolve()) : resolve()));
    },
    listen: async () => {
      if (where !== 'tcp') rmSync(where, { force: true });
      server = createServer((incoming, outgoing) => {
        void readBody(incoming).then((body) => {
          const call = incoming.url!.split('/').at(-1)!;
          const nth = (counts.get(call) ?? 0) + 1;
          counts.set(call, nth);
          if (call === 'bootstrap') fake.authorizations.push(incoming.headers.authorization);
          const wrong = fake.misbehave(call, nth);
          if (wrong === 'drop_before') return incoming.socket.destroy();
          if (typeof wrong === 'object') {
            return outgoing.writeHead(wrong.status).end(JSON.stringify(wrong.body ?? { error: 'planted' }));
          }
          const reply = JSON.stringify(store(call, JSON.parse(body)));
          if (wrong === 'drop_after') return incoming.socket.destroy();
          return outgoing.writeHead(200).end(reply);
        });
      });
      await new Promise<void>((resolve) =>
        where === 'tcp' ? server!.listen(port, '127.0.0.1', resolve) : server!.listen(where, resolve),
      );
      if (where === 'tcp') ({ port } = server.address() as AddressInfo);
    },
    [Symbol.asyncDispose]: () => fake.close(),
  };

  function store(call: string, message: unknown): object {
    switch (call) {
      case 'bootstrap':
        fake.bootstraps.push(message as BootstrapRequest);
        return answer;
      case 'logs': {
        const logs = message as LogsMessage;
        verify('logs', logs);
        fake.arrivals.push(logs.from);
        if (!fake.batches.some(({ from }) => from === logs.from)) fake.batches.push(logs);
        return { acked_through: logs.lines.at(-1)!.seq, ...(fake.stop && { stop: fake.stop }) };
      }
      case 'heartbeat':
        verify('heartbeat', message as HeartbeatMessage);
        fake.heartbeats.push(message as HeartbeatMessage);
        return { deadline: 0, ...(fake.stop && { stop: fake.stop }) };
      default:
        verify('finished', message as FinishedMessage);
        fake.finished.push(message as FinishedMessage);
        return {};
    }
  }

  function verify(kind: 'logs' | 'heartbeat' | 'finished', message: { mac: string }): void {
    const { mac, ...unsigned } = message;
    const text = signedText(kind as 'logs', executionId, unsigned as never);
    const expected = createHmac('sha256', Buffer.from(sessionKey, 'hex')).update(text).digest('hex');
    if (mac !== expected) fake.badSignatures.push(kind);
  }

  await fake.listen();
  return fake;
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}
