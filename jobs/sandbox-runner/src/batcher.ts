import { LIMITS } from '@runvoy/protocol';
import { type Batch, BatchWriter, type LineHead } from './batch-writer.ts';
import type { CutLine } from './line-cutter.ts';

export interface Batcher {
  /** Cuts when the batch is full. */
  add(head: LineHead, cut: CutLine): void;
  /** To be called after each read: cuts at once when no read was cut for `batchMs`, so a lone line never waits. */
  settle(): void;
  /** To be called after lines of our own: they go with the lines of the next read, or after `batchMs`. */
  hold(): void;
  /** To be called when nothing is on its way any more: cuts what only waited for that. */
  caughtUp(): void;
  /** Cuts what is there. */
  flush(): void;
}

/**
 * How long lines are gathered at most because a batch is on its way: until they are cut, they are in this process alone. It is what they
 * wait on Google Cloud anyway.
 */
const GATHERED_MS = 250;
/** A line that comes alone goes at once although this many are on their way. */
const BEFORE_LONE = 1;

/** Room for the fields of the message and of the safety lane's wrapping. */
const ENVELOPE_BYTES = 768;
const ROOM_BYTES = LIMITS.batchBytes - ENVELOPE_BYTES;

/**
 * Cuts batches when they are full or `batchMs` after the last cut. What was held back and cut by the clock does not count: the first
 * line of a read must not wait because of what we have said ourselves. While a batch is on its way another one would only wait behind
 * it, and cost everybody as much as a full one: lines are gathered on then, for a quarter of a second at most.
 */
export function openBatcher(args: {
  readonly batchMs: number;
  readonly now: () => number;
  readonly onBatch: (batch: Batch) => void;
  /** Batches that are not acknowledged; none, unless told. */
  readonly onTheirWay?: () => number;
}): Batcher {
  const writer = new BatchWriter();
  let isHeld = false;
  /** Lines have waited for as long as they must, and for what is on its way now. */
  let isDue = false;
  let lastCut = -Infinity;
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (writer.isEmpty) return;
    if (!isHeld) lastCut = args.now();
    isHeld = false;
    isDue = false;
    args.onBatch(writer.take());
  }

  const onTheirWay = () => args.onTheirWay?.() ?? 0;

  /** The timer counts, and no clock is asked: one that is set back would let lines wait for as long. */
  function due(): void {
    if (onTheirWay() === 0 || args.batchMs >= GATHERED_MS) return flush();
    isDue = true;
    timer = setTimeout(flush, GATHERED_MS - args.batchMs);
  }

  return {
    add(head, cut) {
      if (writer.add(head, cut, ROOM_BYTES)) return;
      flush();
      writer.add(head, cut, ROOM_BYTES);
    },
    settle() {
      if (writer.isEmpty || (timer && !isHeld)) return;
      clearTimeout(timer);
      isHeld = false;
      const sinceMs = args.now() - lastCut;
      if (sinceMs >= (onTheirWay() > BEFORE_LONE ? GATHERED_MS : args.batchMs)) return flush();
      const waitMs = args.batchMs - sinceMs;
      timer = setTimeout(due, waitMs > 0 ? Math.min(waitMs, args.batchMs) : args.batchMs);
    },
    hold() {
      if (writer.isEmpty || timer) return;
      isHeld = true;
      timer = setTimeout(flush, args.batchMs);
    },
    caughtUp() {
      if (isDue) flush();
    },
    flush,
  };
}
