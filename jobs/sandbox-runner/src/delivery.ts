import { setTimeout as pause } from 'node:timers/promises';
import { ackedThrough, type OutputWait, type StopOrder } from '@runvoy/protocol';
import type { IntakeClient, IntakeReply } from './intake-client.ts';
import { openMessageBuffers } from './message-buffers.ts';
import { retryDelay } from './retry-delay.ts';
import type { Keeping, Spool } from './spool.ts';

/** A message on its way: spooled first, then sent until it is acknowledged; the report when all lines are. */
interface Message {
  readonly kind: 'logs' | 'finished';
  readonly body: Buffer;
  /** First sequence number; infinite for `finished`, which comes last. */
  readonly from: number;
  readonly through: number;
  readonly keeping: Keeping;
}

export interface Delivery {
  /** `body`: in pieces, which may be overwritten afterwards. */
  send(kind: 'logs', body: readonly Buffer[], lines: { readonly from: number; readonly through: number }): void;
  send(kind: 'finished', body: readonly Buffer[]): void;
  readonly ackedThrough: number;
  /** Messages that are sent and not acknowledged; more than are sent at once when others wait for that. */
  readonly onTheirWay: number;
  /** More waits than may, on disk or in memory alone, and what for: whoever reads the pipes has to wait for `onRoom`. */
  readonly fullBy: OutputWait | undefined;
  /** Bytes of all messages so far, and of those that are not acknowledged. */
  readonly sentBytes: number;
  readonly waitingBytes: number;
  /** The last message sent was not taken, and is tried again. */
  readonly isAway: boolean;
  /**
   * Resolves when all is in both lanes, or the server wants no more, or nothing was acknowledged for `patienceMs`, or the moment
   * that `latest` names has come.
   */
  settle(patienceMs: number, latest?: () => number): Promise<void>;
}

/** Unacknowledged messages kept in memory; the rest is read back from the spool, so memory stays flat while the server is away. */
const MEMORY_BYTES = 4 * 1024 * 1024;
/**
 * Messages on their way at once, unless told; their numbers say where they belong, whichever comes first. On one machine a server commits
 * together what came while it was busy: of 600 batches of 100 KiB each took half as much of its CPU by fours as alone. On Google Cloud a
 * batch travels to another service and waits for a commit in several zones, some 50 to 150 ms: 4 MB/s are 41 full batches a second, for
 * which four at once would be too few from 98 ms on, and eight are from 195 ms on.
 */
const AT_ONCE = 8;
/** How long an unreachable server may hold up a command whose lines are safe in the other lane. */
const LET_GO_MS = 20_000;

/** Opens the fast lane. */
export function openDelivery(args: {
  readonly spool: Spool;
  readonly intake: IntakeClient;
  readonly now: () => number;
  readonly onStop: (order: StopOrder) => void;
  /** The server ended this run, or does not know it (any more). */
  readonly onDismissed: (why: string) => void;
  readonly onRoom: () => void;
  /** Called when the last message that was on its way is taken, and none waits. */
  readonly onCaughtUp: () => void;
  /** For the supervisor's own log file. */
  readonly note: (text: string) => void;
  /** Unacknowledged messages altogether. A command that writes faster than they are taken is then slowed down by its own pipes. */
  readonly backlogBytes: number;
  readonly memoryBytes?: number;
  readonly letGoMs?: number;
  /** How many batches may be on their way at once. */
  readonly atOnce?: number | undefined;
}): Delivery {
  const memoryBytes = args.memoryBytes ?? MEMORY_BYTES;
  const { backlogBytes } = args;
  const letGoMs = args.letGoMs ?? LET_GO_MS;
  const atOnce = args.atOnce ?? AT_ONCE;
  const buffers = openMessageBuffers();
  const underWay = new Set<Message>();
  /** Next to be sent, without holes. */
  const queue: Message[] = [];
  let queueBytes = 0;
  /** Where the spool goes on after the queue; undefined while the queue holds everything. */
  let spilledFrom: number | undefined;
  /** Messages the disk did not take while others were spilled. */
  const unspooled: Message[] = [];
  let unspooledBytes = 0;
  /** Of these, what waits nowhere but in memory because the disk is full. */
  let refusedBytes = 0;
  let sentBytes = 0;
  let waitingBytes = 0;
  let highestAcked = 0;
  let lastAck = args.now();
  let dismissed = false;
  let isAway = false;
  const waiting: (() => void)[] = [];

  function send(
    kind: 'logs' | 'finished',
    pieces: readonly Buffer[],
    lines?: { readonly from: number; readonly through: number },
  ): void {
    // Put together once, for both lanes.
    const body = buffers.join(pieces);
    const offset = args.spool.end;
    const keeping = args.spool.append(kind, body);
    const message = { kind, body, from: lines?.from ?? Infinity, through: lines?.through ?? 0, keeping };
    sentBytes += body.length;
    if (dismissed) return;
    waitingBytes += body.length;
    // Once for as long as it lasts: notes are on a disk, too.
    if (keeping === 'refused' && refusedBytes === 0) {
      args.note(`the spool did not take ${kind} from ${message.from}; what it does not take is kept in memory`);
    }
    if (keeping !== 'kept') unspooledBytes += body.length;
    if (keeping === 'refused') refusedBytes += body.length;
    if (spilledFrom === undefined && (keeping !== 'kept' || queueBytes < memoryBytes)) push(message);
    else if (keeping !== 'kept') unspooled.push(message);
    else {
      spilledFrom ??= offset;
      buffers.giveBack(body);
    }
    pump();
  }

  function push(message: Message): void {
    queue.push(message);
    queueBytes += message.body.length;
  }

  /** Fills the queue from the spool; what is in memory alone goes in at its place. */
  function refill(): void {
    while (spilledFrom !== undefined && queueBytes < memoryBytes) {
      const read = args.spool.readAt(spilledFrom);
      if (!read) {
        spilledFrom = undefined;
        break;
      }
      spilledFrom = read.next;
      const { kind } = read;
      const body = buffers.join([read.body]);
      const { from, through } = kind === 'logs' ? numbersOf(body) : { from: Infinity, through: 0 };
      takeUnspooled(from);
      push({ kind, body, from, through, keeping: 'kept' });
    }
    if (spilledFrom === undefined) takeUnspooled(Infinity);
  }

  function takeUnspooled(before: number): void {
    while (unspooled.length > 0 && (before === Infinity || unspooled[0]!.from < before)) push(unspooled.shift()!);
  }

  function pump(): void {
    while (!dismissed && underWay.size < atOnce) {
      if (queue.length === 0) refill();
      const message = queue[0];
      if (!message || (message.kind === 'finished' && underWay.size > 0)) break;
      queue.shift();
      underWay.add(message);
      void deliver(message);
    }
    if (underWay.size > 0) return;
    args.onCaughtUp();
    for (const resolve of waiting.splice(0)) resolve();
  }

  async function deliver(message: Message): Promise<void> {
    for (let failures = 0; !dismissed;) {
      const reply = await args.intake.post(message.kind, message.body);
      if (reply.outcome === 'unreachable') {
        failures += 1;
        if (!isAway) args.note(`${message.kind} waits: ${reply.why}`);
        isAway = true;
        letGo();
        await pause(retryDelay(failures));
        continue;
      }
      isAway = false;
      settled(message, reply);
      break;
    }
    underWay.delete(message);
    pump();
  }

  function settled(message: Message, reply: Exclude<IntakeReply, { outcome: 'unreachable' }>): void {
    switch (reply.outcome) {
      case 'dismissed':
        if (dismissed) return;
        dismissed = true;
        args.note(`dismissed: ${reply.why}`);
        queue.length = 0;
        unspooled.length = 0;
        args.onDismissed(reply.why);
        args.onRoom();
        return;
      case 'unacceptable':
        // Never taken, however often it is sent; the lines after it must not wait for it.
        args.note(`${message.kind} from ${message.from} was not taken: ${reply.why}`);
        break;
      case 'accepted': {
        highestAcked = Math.max(highestAcked, message.through);
        const stop = reply.body['stop'] as StopOrder | undefined;
        if (stop) args.onStop(stop);
      }
    }
    lastAck = args.now();
    forget(message);
    // It was answered, so all of it was read.
    buffers.giveBack(message.body);
  }

  function isFull(): boolean {
    return args.spool.isFull || (!dismissed && (unspooledBytes > memoryBytes || waitingBytes > backlogBytes));
  }

  function fullBy(): OutputWait | undefined {
    if (!isFull()) return undefined;
    return refusedBytes > 0 ? 'log_disk' : 'log_delivery';
  }

  /** Leaves the oldest to the safety lane, all but those on their way, when a server that stays away holds up the command. */
  function letGo(): void {
    if (!isFull() || args.now() - lastAck < letGoMs) return;
    let count = 0;
    while (
      unspooledBytes > Math.min(memoryBytes, backlogBytes) / 2 &&
      queue[0]?.keeping === 'passed_on' &&
      queue[0].kind === 'logs'
    ) {
      const left = queue.shift()!;
      count += 1;
      queueBytes -= left.body.length;
      waitingBytes -= left.body.length;
      unspooledBytes -= left.body.length;
    }
    if (count > 0) args.note(`${count} batches are left to the safety lane`);
    if (!isFull()) args.onRoom();
  }

  function forget(message: Message): void {
    const wasFull = isFull();
    queueBytes -= message.body.length;
    waitingBytes -= message.body.length;
    if (message.keeping !== 'kept') unspooledBytes -= message.body.length;
    if (message.keeping === 'refused') refusedBytes -= message.body.length;
    if (wasFull && !isFull()) args.onRoom();
  }

  return {
    send,
    get ackedThrough() {
      // All that is still under way was begun before what waits.
      return ackedThrough(highestAcked, underWay);
    },
    get onTheirWay() {
      return underWay.size + queue.length + (spilledFrom === undefined ? 0 : 1);
    },
    get fullBy() {
      return fullBy();
    },
    get sentBytes() {
      return sentBytes;
    },
    get waitingBytes() {
      return waitingBytes;
    },
    get isAway() {
      return isAway;
    },
    async settle(patienceMs, latest = () => Infinity) {
      const since = args.now();
      const isPatient = () => args.now() - Math.max(since, lastAck) < patienceMs && args.now() < latest();
      while (underWay.size > 0 && isPatient()) {
        await Promise.race([new Promise<void>((resolve) => waiting.push(resolve)), pause(250)]);
      }
      let isFlushed = false;
      const flushed = args.spool.flushed().then(() => (isFlushed = true));
      await Promise.race([flushed, pause(0)]);
      while (!isFlushed && isPatient()) await Promise.race([flushed, pause(250)]);
    },
  };
}

/** The first and the last sequence number of a batch that we have written: no text of a line can hold a quote that is not escaped. */
function numbersOf(body: Buffer): { readonly from: number; readonly through: number } {
  const numberAfter = (name: string, at: number) =>
    Number.parseInt(body.toString('latin1', at + name.length, at + name.length + 16), 10);
  return {
    from: numberAfter('"from":', body.indexOf('"from":')),
    through: numberAfter('"seq":', body.lastIndexOf('"seq":')),
  };
}
