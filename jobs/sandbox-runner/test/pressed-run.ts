import { setTimeout as pause } from 'node:timers/promises';
import type { EndCause, FinishedMessage, HeartbeatMessage, LogLine, LogsMessage, RunLimits } from '@runvoy/protocol';
import type { CommandEnd } from '../src/command.ts';
import type { IntakeReply } from '../src/intake-client.ts';
import type { CommandCall, Sandbox } from '../src/isolation/sandbox.ts';
import type { HoldTimes } from '../src/output-gate.ts';
import { type PlatformCancel, runCourse } from '../src/run-course.ts';
import type { Spool } from '../src/spool.ts';
import { bootstrapAnswer } from './fake-intake.ts';

/**
 * What a server does with messages: takes them, takes them after a while, refuses them for now, is not there, or takes them and never
 * says so.
 */
export type Mood = 'well' | 'slow' | 'busy' | 'away' | 'mute';

/** A whole run in this process: the course is the real one, its command writes as fast as it is read, its server has moods. */
export interface PressedRun {
  readonly course: Promise<EndCause>;
  readonly writer: {
    /** Bytes that were read of it, and whether it is kept waiting now. */
    readonly written: number;
    readonly isPaused: boolean;
    readonly signals: readonly NodeJS.Signals[];
  };
  readonly server: {
    mood: Mood;
    /** In force in every answer. */
    stop: { readonly grace_ms: number } | undefined;
    readonly heartbeats: readonly HeartbeatMessage[];
    readonly finished: readonly FinishedMessage[];
    /** Lines as first stored, by number. */
    lines(stream?: LogLine['stream']): LogLine[];
    /** How many batches came again. */
    readonly again: number;
  };
  /** The most bytes of output that were read and not stored yet. */
  readonly mostWaiting: number;
  cancel(cancel: PlatformCancel): void;
}

const LINE_BYTES = 1_000;
/** What is more than any bound here stands for more than there is: who does not hold it back must not fill this machine. */
const ENDLESS_BYTES = 32_000_000;

/** The nth line of the command's output. */
export const lineOf = (nth: number): string => `${nth} `.padEnd(LINE_BYTES - 1, 'x');

export function openPressedRun(args: {
  readonly limits?: Partial<RunLimits>;
  readonly spool: Spool;
  /** Lines that the command writes; without end unless given. */
  readonly lines?: number;
  readonly ignoresTerm?: boolean;
  readonly mood?: Mood;
  /** How long a slow server takes for a message. */
  readonly slowMs?: number;
  readonly patienceMs?: number;
  readonly holdTimes?: HoldTimes;
}): PressedRun {
  const writer = { written: 0, isPaused: false, signals: [] as NodeJS.Signals[] };
  const batches = new Map<number, LogsMessage>();
  const heartbeats: HeartbeatMessage[] = [];
  const finished: FinishedMessage[] = [];
  const server = {
    mood: args.mood ?? 'well',
    stop: undefined as { grace_ms: number } | undefined,
    heartbeats,
    finished,
    again: 0,
    lines: (stream?: LogLine['stream']) =>
      [...batches.values()]
        .flatMap(({ lines }) => lines)
        .filter((line) => !stream || line.stream === stream)
        .toSorted((a, b) => a.seq - b.seq),
  };
  let storedBytes = 0;
  let mostWaiting = 0;
  let cancel: (cancel: PlatformCancel) => void = () => undefined;

  async function post(call: string, body: string | Buffer): Promise<IntakeReply> {
    const { mood } = server;
    if (mood === 'away') return { outcome: 'unreachable', why: 'nobody is there' };
    if (mood === 'busy' && call !== 'heartbeat') return { outcome: 'unreachable', why: 'status 503' };
    if (mood === 'slow') await pause(args.slowMs ?? 50);
    store(call, JSON.parse(body.toString()));
    if (mood === 'mute') {
      await pause(20);
      return { outcome: 'unreachable', why: 'no answer' };
    }
    return { outcome: 'accepted', body: { deadline: 0, ...(server.stop && { stop: server.stop }) } };
  }

  function store(call: string, message: unknown): void {
    if (call === 'heartbeat') heartbeats.push(message as HeartbeatMessage);
    else if (call === 'finished') finished.push(message as FinishedMessage);
    else {
      const batch = message as LogsMessage;
      if (batches.has(batch.from)) return void (server.again += 1);
      batches.set(batch.from, batch);
      for (const { stream, text } of batch.lines) if (stream === 'stdout') storedBytes += text.length + 1;
    }
  }

  function startWriter(call: CommandCall) {
    const exited = Promise.withResolvers<CommandEnd>();
    const drained = Promise.withResolvers<void>();
    let nth = 0;
    let isOver = false;
    const end = (how: CommandEnd): void => {
      if (isOver) return;
      isOver = true;
      call.onOutputEnded('stdout');
      call.onOutputEnded('stderr');
      exited.resolve(how);
      drained.resolve();
    };
    function write(): void {
      if (isOver) return;
      if (nth === args.lines) return end({ code: 0, signal: null });
      if (!writer.isPaused && writer.written < ENDLESS_BYTES) {
        const count = Math.min(64, (args.lines ?? Infinity) - nth);
        const text = Array.from({ length: count }, (_, i) => `${lineOf(nth + i + 1)}\n`).join('');
        nth += count;
        writer.written += text.length;
        call.onOutput('stdout', Buffer.from(text));
        mostWaiting = Math.max(mostWaiting, writer.written - storedBytes);
      }
      setImmediate(write);
    }
    setImmediate(write);
    return {
      signal(signal: NodeJS.Signals) {
        writer.signals.push(signal);
        if (signal === 'SIGKILL' || !args.ignoresTerm) end({ code: null, signal });
      },
      command: {
        leader: undefined,
        exited: exited.promise,
        drained: drained.promise,
        pause: () => void (writer.isPaused = true),
        resume: () => void (writer.isPaused = false),
        abandonOutput: () => undefined,
      },
    };
  }

  let running: ReturnType<typeof startWriter> | undefined;
  const sandbox: Sandbox = {
    workspace: '/w',
    scratch: '/s',
    tools: { path: '', scratch: '/s' },
    env: {},
    limits: undefined,
    processes: {
      signal: (signal) => running?.signal(signal),
      killAll: async () => 0,
      gone: async () => undefined,
    },
    open: async () => undefined,
    makeDirectory: async () => undefined,
    writeNewFile: async () => true,
    remove: async () => undefined,
    directoryInside: async () => '/w',
    runTool: async () => 0,
    startCommand: async (_, call) => (running = startWriter(call)).command,
  };
  const answer = bootstrapAnswer('endless');
  const course = runCourse({
    order: { execution_id: 'e'.repeat(32), attempt: 1, isolation: 'process' },
    answer: { ...answer, limits: { ...answer.limits, ...args.limits } },
    intake: { post, close: () => undefined },
    openSpool: () => args.spool,
    sandbox,
    now: Date.now,
    note: () => undefined,
    onCancel: (listener) => (cancel = listener),
    patienceMs: args.patienceMs ?? 10_000,
    ...(args.holdTimes && { holdTimes: args.holdTimes }),
  });
  return {
    course,
    writer,
    server,
    get mostWaiting() {
      return mostWaiting;
    },
    cancel: (how) => cancel(how),
  };
}
