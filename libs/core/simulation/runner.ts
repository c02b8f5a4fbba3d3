import { createHash, createHmac } from 'node:crypto';
import {
  ackedThrough,
  digestRow,
  signedText,
  type BootstrapAnswer,
  type BootstrapStop,
  type EndCause,
  type FinishedMessage,
  type HeartbeatAnswer,
  type LogLine,
  type LogsMessage,
  type StopOrder,
  type Reason,
} from '@runvoy/protocol';
import type { StartOrder } from '../src/jobs/job-runner.ts';
import { Command, type CommandEnd, type CommandPlan } from './command.ts';
import type { Network, Reply } from './network.ts';
import type { RunTruth } from './run-truth.ts';
import type { Cancel } from './schedule.ts';
import type { World } from './world.ts';

/** How a runner left. `kind` is what it tells the machine it runs on. */
export interface RunnerExit {
  readonly kind: 'exited' | 'cancelled';
  readonly reason?: Reason;
}

export interface RunnerPlace {
  readonly world: World;
  readonly network: Network;
  readonly run: RunTruth;
  readonly order: StartOrder;
  /** What it calls itself; a cloud runner may not know. */
  readonly platformExecution: string | undefined;
  readonly plan: CommandPlan;
  /** Writes to the safety lane, before anything is sent. */
  readonly keep: (entry: { readonly logs: LogsMessage } | { readonly finished: FinishedMessage }) => void;
  readonly onExit: (exit: RunnerExit) => void;
}

type StopCause = Exclude<EndCause, 'exited'>;
type Message =
  { readonly kind: 'logs'; readonly body: LogsMessage } | { readonly kind: 'finished'; readonly body: FinishedMessage };

const HEARTBEAT_MS = 10_000;
const GIVE_UP_MS = 10 * 60_000;
const PATIENCE_MS = 60_000;
const DEFAULT_GRACE_MS = 10_000;
const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000] as const;
/** Batches on their way at once. */
const AT_ONCE = 4;
const LINGERS_MS = 10 * 60_000;

/** The process beside a command, as `jobs/sandbox-runner` is: asks for the command, keeps its log, reports its end. */
export class Runner {
  isAlive = true;
  command: Command | undefined;
  readonly name: string;
  readonly #place: RunnerPlace;
  readonly #nonce: string;
  readonly #begunMs: number;
  #answer: BootstrapAnswer | undefined;
  #cause: StopCause | undefined;
  #isTooLate = false;
  #killAtMs = Infinity;
  #cancelKill: Cancel | undefined;
  #signalledMs: number | undefined;
  #killedMs: number | undefined;
  #startedMs = 0;
  #seq = 0;
  #highestAcked = 0;
  /** Next to be sent. */
  readonly #queue: Message[] = [];
  readonly #underWay = new Set<Message>();
  #isDismissed = false;
  #lastAckMs = 0;
  #isFinished = false;
  #isLingering = false;

  constructor(place: RunnerPlace) {
    this.#place = place;
    const { world, run, order } = place;
    this.name = `${run.label} runner ${order.attempt}`;
    const copy = world.nth(this.name);
    if (copy > 1) this.name += `b`;
    this.#nonce = createHash('md5').update(`${world.options.seed} ${this.name}`).digest('hex');
    this.#begunMs = world.nowMs;
    this.#ask(0);
  }

  /** Gone without a word. */
  kill(): void {
    this.isAlive = false;
  }

  /** A signal by the platform; with a grace it is the order of a stop. */
  cancelled(graceMs: number | undefined): void {
    if (!this.isAlive) return;
    if (!this.#answer) return this.#exit({ kind: 'cancelled' });
    if (this.#isLingering) return this.#exit({ kind: 'cancelled' });
    this.#requestStop(graceMs === undefined ? 'terminated' : 'stop', graceMs ?? DEFAULT_GRACE_MS);
  }

  #ask(failures: number): void {
    if (!this.isAlive || this.#answer) return;
    const { world, network, run, order, platformExecution } = this.#place;
    const request = {
      token: order.token,
      attempt: order.attempt,
      nonce: this.#nonce,
      ...(platformExecution === undefined ? {} : { platform_execution: platformExecution }),
      runner_version: '1',
    };
    network.post(this.name, run.id, { kind: 'bootstrap', body: request }, (reply) => {
      if (!this.isAlive || this.#answer) return;
      if (reply.outcome === 'unreachable') {
        const stored = run.execution?.facts.bound;
        if (stored?.attempt === order.attempt) world.reach('bootstrap-answer-lost');
        if (world.nowMs - this.#begunMs > GIVE_UP_MS)
          return this.#exit({ kind: 'exited', reason: 'bootstrap_no_answer' });
        this.#later(retryMs(failures), () => this.#ask(failures + 1));
      } else if (reply.outcome === 'accepted') {
        const answer = reply.body as BootstrapAnswer | BootstrapStop;
        if (answer.stop) return this.#exit({ kind: 'cancelled' });
        this.#run(answer);
      } else {
        world.trace.step(`${this.name} is refused and leaves`);
        this.#exit({ kind: 'exited', reason: 'bootstrap_refused' });
      }
    });
  }

  #run(answer: BootstrapAnswer): void {
    const { world, run, plan } = this.#place;
    this.#answer = answer;
    this.#lastAckMs = world.nowMs;
    world.trace.detail(`${this.name} has the command and starts it`);
    this.#startedMs = world.theirWallMs;
    run.commandStarts += 1;
    if (run.commandStarts > 1) world.violate('ran-twice', `${run.label}: its command was started again`);
    if (run.endStoredMs !== undefined) world.violate('no-late-start', `${run.label}: started after its end`);
    this.#output('system', [`${run.label} begins`]);
    this.command = new Command(world, plan, run, {
      onOutput: (texts) => this.#output('stdout', texts),
      onEnd: (end) => this.#commandEnded(end),
    });
    this.#later(answer.limits.timeout_s * 1_000, () => this.#requestStop('timeout', answer.limits.grace_ms));
    this.#later(HEARTBEAT_MS, () => this.#beatOften());
  }

  #output(stream: LogLine['stream'], texts: readonly string[]): void {
    const { world, run, keep } = this.#place;
    if (!this.isAlive || this.#isFinished) return;
    const lines = texts.map((text): LogLine => {
      this.#seq += 1;
      return { seq: this.#seq, stream, ms: world.theirWallMs, text };
    });
    const message = { from: lines[0]!.seq, lines, ...this.#signing() };
    const body = { ...message, mac: this.#mac(signedText('logs', run.id, message)) };
    run.cut.set(body.from, body);
    world.trace.detail(`${this.name} cuts lines ${body.from} to ${this.#seq}`);
    keep({ logs: body });
    this.#send({ kind: 'logs', body });
  }

  #commandEnded(end: CommandEnd): void {
    const { world, run } = this.#place;
    if (!this.isAlive) return;
    this.#isTooLate = true;
    world.trace.step(`${run.label} command ends (${'code' in end ? end.code : end.signal})`);
    const endedMs = world.theirWallMs;
    const drainMs = world.choices.whole(`drain ${this.name}`, 0, 0, 2_000);
    this.#later(drainMs, () => this.#report(end, endedMs));
  }

  #report(end: CommandEnd, endedMs: number): void {
    const { world, run, keep } = this.#place;
    const lines = run.lines;
    const message = {
      cause: this.#cause ?? ('exited' as const),
      ...('code' in end ? { exit_code: end.code } : { signal: end.signal }),
      started_at: this.#startedMs,
      ended_at: endedMs,
      lines: lines.length,
      bytes: lines.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0),
      sha256: createHash('sha256').update(lines.map(digestRow).join('')).digest('hex'),
      maskings: 0,
      ...(this.#signalledMs === undefined ? {} : { stop_progress: this.#progress() }),
      ...this.#signing(),
    };
    const body = { ...message, mac: this.#mac(signedText('finished', run.id, message)) };
    this.#isFinished = true;
    run.report = body;
    world.trace.detail(`${this.name} reports: ${body.cause}`);
    keep({ finished: body });
    this.#send({ kind: 'finished', body });
    this.#settle(world.nowMs);
  }

  #send(message: Message): void {
    if (this.#isDismissed) return;
    this.#queue.push(message);
    this.#pump();
  }

  /** Begins in order, several at once, each until it is acknowledged; the report when all lines are. */
  #pump(): void {
    while (this.#underWay.size < AT_ONCE) {
      const message = this.#queue[0];
      if (!message || (message.kind === 'finished' && this.#underWay.size > 0)) return;
      this.#queue.shift();
      this.#underWay.add(message);
      if (this.#underWay.size === AT_ONCE) this.#place.world.reach('batches-at-once');
      this.#deliver(message, 0);
    }
  }

  #deliver(message: Message, failures: number): void {
    if (this.#isDismissed) return;
    const { network, run } = this.#place;
    network.post(this.name, run.id, message, (reply) => {
      if (!this.isAlive || this.#isDismissed) return;
      if (reply.outcome === 'unreachable') {
        return this.#later(retryMs(failures), () => this.#deliver(message, failures + 1));
      }
      if (reply.outcome === 'dismissed') return this.#dismissed(reply);
      if (reply.outcome === 'unacceptable' && message.kind === 'logs') this.#dropped(message.body.from);
      if (reply.outcome === 'accepted' && message.kind === 'logs') this.#acked(message.body, reply);
      this.#lastAckMs = this.#place.world.nowMs;
      this.#underWay.delete(message);
      this.#pump();
    });
  }

  #acked({ from, lines }: LogsMessage, { body }: Reply): void {
    if ([...this.#underWay].some(({ body: other }) => 'from' in other && other.from < from)) {
      this.#place.world.reach('acked-before-an-earlier');
    }
    this.#highestAcked = Math.max(this.#highestAcked, lines.at(-1)!.seq);
    const { stop } = body as { stop?: StopOrder };
    if (stop) this.#requestStop('stop', stop.grace_ms);
  }

  /** Nobody would take it at the second try either: the safety lane has it. */
  #dropped(from: number): void {
    const { world, run } = this.#place;
    run.droppedByFastLane.add(from);
    world.reach('batch-dropped');
    if (run.droppedBySafetyLane.has(from)) world.reach('dropped-by-both');
    world.trace.step(`the fast lane drops lines of ${run.label} from ${from}`);
  }

  #dismissed(reply: Reply): void {
    this.#isDismissed = true;
    this.#queue.length = 0;
    this.#underWay.clear();
    this.#place.world.trace.step(`${this.name} is dismissed (${reply.outcome})`);
    this.#requestStop('terminated', DEFAULT_GRACE_MS);
  }

  #beatOften(): void {
    if (!this.isAlive || this.#isFinished) return;
    this.#beat();
    this.#later(HEARTBEAT_MS, () => this.#beatOften());
  }

  #beat(): void {
    const { network, run, world } = this.#place;
    const message = {
      acked_through: ackedThrough(
        this.#highestAcked,
        [...this.#underWay].map(({ body }) => ('from' in body ? body : { from: Infinity })),
      ),
      ...(this.#signalledMs === undefined ? {} : { stop_progress: this.#progress() }),
      ...this.#signing(),
    };
    const body = { ...message, mac: this.#mac(signedText('heartbeat', run.id, message)) };
    network.post(this.name, run.id, { kind: 'heartbeat', body }, (reply) => {
      if (!this.isAlive) return;
      if (reply.outcome === 'dismissed') return this.#requestStop('terminated', DEFAULT_GRACE_MS);
      if (reply.outcome !== 'accepted') return;
      const { stop } = reply.body as HeartbeatAnswer;
      if (!stop) return;
      if (!this.#cause && !this.#isTooLate) world.reach('stop-by-answer');
      this.#requestStop('stop', stop.grace_ms);
    });
  }

  /** The first request fixes the cause; a later one can only shorten the grace. */
  #requestStop(cause: StopCause, graceMs: number): void {
    const { world, run } = this.#place;
    if (!this.isAlive || this.#isFinished) return;
    if (this.#isTooLate) return;
    if (!this.#cause) {
      this.#cause = cause;
      this.#signalledMs = world.theirWallMs;
      if (cause === 'timeout') world.reach('timed-out');
      world.trace.step(`${run.label} command gets SIGTERM (${cause})`);
      this.#output('system', [`${run.label} is signalled`]);
      this.command?.signal('SIGTERM');
      this.#beat();
    }
    const killAtMs = world.nowMs + graceMs;
    if (killAtMs >= this.#killAtMs) return;
    this.#killAtMs = killAtMs;
    this.#cancelKill?.();
    this.#cancelKill = world.after(graceMs, () => {
      if (!this.isAlive || !this.command?.isAlive) return;
      this.#killedMs = world.theirWallMs;
      world.reach('killed-after-grace');
      this.command.signal('SIGKILL');
    });
  }

  /** Until all is acknowledged, the server wants no more, or has been silent for too long. */
  #settle(sinceMs: number): void {
    const { world } = this.#place;
    if (!this.isAlive) return;
    const isPatient = world.nowMs - Math.max(sinceMs, this.#lastAckMs) < PATIENCE_MS;
    if (this.#underWay.size > 0 && isPatient) return this.#later(1_000, () => this.#settle(sinceMs));
    const kind = this.#cause === 'stop' || this.#cause === 'terminated' ? 'cancelled' : 'exited';
    const lingersMs = world.strikes('lingers', this.name) ? LINGERS_MS : 0;
    this.#isLingering = lingersMs > 0;
    this.#later(lingersMs, () => this.#exit({ kind }));
  }

  #exit(exit: RunnerExit): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.#place.onExit(exit);
  }

  #later(ms: number, run: () => void): void {
    this.#place.world.after(ms, () => this.isAlive && run());
  }

  #progress() {
    return {
      ...(this.#signalledMs === undefined ? {} : { signalled_ms: this.#signalledMs }),
      ...(this.#killedMs === undefined ? {} : { killed_ms: this.#killedMs }),
    };
  }

  #signing() {
    const { expires_at, key_id } = this.#answer!.session;
    return { expires_at, key_id };
  }

  #mac(text: string): string {
    return createHmac('sha256', Buffer.from(this.#answer!.session.key, 'hex')).update(text).digest('hex');
  }
}

function retryMs(failures: number): number {
  return RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]!;
}
