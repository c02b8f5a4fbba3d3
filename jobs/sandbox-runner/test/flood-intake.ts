import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import {
  type BootstrapAnswer,
  type FinishedMessage,
  type HeartbeatMessage,
  type LogLine,
  type LogsMessage,
  digestRow,
} from '@runvoy/protocol';

/** Nobody listens; answers come late; every batch is refused for now; all is well. */
export type Mood = 'away' | 'slow' | 'busy' | 'well';

/**
 * A server that goes through its moods and keeps nothing of what it is sent but digests, so that it can be sent gigabytes. A batch counts
 * as stored when it is answered, as with the real one.
 */
export interface FloodIntake extends AsyncDisposable {
  /** Hex SHA-256 over what stdout wrote, and over the digest rows of all lines. */
  stdoutSha256(): string;
  rowsSha256(): string;
  /** Lines without a hole, from the first. */
  readonly lines: number;
  /** Batches beyond the first hole, which is none in the end. */
  readonly beyond: number;
  /** Batches that came again. */
  readonly again: number;
  readonly system: readonly string[];
  readonly heartbeats: readonly HeartbeatMessage[];
  readonly finished: readonly FinishedMessage[];
  /** Resolves when a runner has asked for its command. */
  readonly booted: Promise<void>;
}

const SLOW_MS = 40;

/** Begins with the first mood when a runner has bootstrapped, and stays in the last one. */
export async function openFloodIntake(
  socket: string,
  answer: BootstrapAnswer,
  moods: readonly { readonly mood: Mood; readonly ms: number }[],
): Promise<FloodIntake> {
  const stdout = createHash('sha256');
  const rows = createHash('sha256');
  const early = new Map<number, LogsMessage>();
  const booted = Promise.withResolvers<void>();
  const system: string[] = [];
  const heartbeats: HeartbeatMessage[] = [];
  const finished: FinishedMessage[] = [];
  let lines = 0;
  let again = 0;
  let mood: Mood = 'well';
  let server: Server | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function listen(): Promise<void> {
    rmSync(socket, { force: true });
    server = createServer((incoming, outgoing) => void serve(incoming, outgoing));
    await new Promise<void>((resolve) => server!.listen(socket, resolve));
  }

  async function goAway(): Promise<void> {
    const closing = server;
    server = undefined;
    closing?.closeAllConnections();
    await new Promise<void>((resolve) => (closing ? closing.close(() => resolve()) : resolve()));
  }

  async function turn(nth: number): Promise<void> {
    const next = moods[nth];
    if (!next) return;
    mood = next.mood;
    if (mood === 'away') await goAway();
    else if (!server) await listen();
    timer = setTimeout(() => void turn(nth + 1), next.ms);
  }

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    try {
      for await (const piece of incoming) pieces.push(piece as Buffer);
    } catch {
      return;
    }
    const reply = (status: number, body: object) => outgoing.writeHead(status).end(JSON.stringify(body));
    const call = incoming.url!.split('/').at(-1)!;
    const message: unknown = JSON.parse(Buffer.concat(pieces).toString());
    if (call === 'bootstrap') {
      outgoing.on('finish', () => {
        booted.resolve();
        void turn(0);
      });
      return void reply(200, answer);
    }
    if (call === 'heartbeat') {
      heartbeats.push(message as HeartbeatMessage);
      return void reply(200, { deadline: 0 });
    }
    if (mood === 'busy') return void reply(503, { error: 'planted' });
    if (mood === 'slow') await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    if (outgoing.destroyed) return undefined;
    if (call === 'finished') finished.push(message as FinishedMessage);
    else take(message as LogsMessage);
    return void reply(200, { acked_through: 0 });
  }

  function take(batch: LogsMessage): void {
    if (batch.from <= lines || early.has(batch.from)) return void (again += 1);
    early.set(batch.from, batch);
    for (let next = early.get(lines + 1); next; next = early.get(lines + 1)) {
      early.delete(lines + 1);
      next.lines.forEach(store);
      lines = next.lines.at(-1)!.seq;
    }
  }

  function store(line: LogLine, i: number): void {
    if (line.seq !== lines + 1 + i) throw new Error(`line ${line.seq} where ${lines + 1 + i} was expected`);
    rows.update(digestRow(line));
    if (line.stream === 'system') system.push(line.text);
    else stdout.update(line.partial ? line.text : `${line.text}\n`);
  }

  await listen();
  return {
    stdoutSha256: () => stdout.copy().digest('hex'),
    rowsSha256: () => rows.copy().digest('hex'),
    get lines() {
      return lines;
    },
    get beyond() {
      return early.size;
    },
    get again() {
      return again;
    },
    system,
    heartbeats,
    finished,
    booted: booted.promise,
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      await goAway();
    },
  };
}
