import { type BatchRows, LIMITS, type LogLine, batchRows } from '@runvoy/protocol';
import type { CutLine } from './line-cutter.ts';

/** Lines that will stay together for ever. */
export interface Batch {
  readonly lines: readonly LogLine[];
  /** UTF-8 bytes of their texts. */
  readonly textBytes: number;
  /** The lines as JSON, made once: they are measured, sent and spooled in this form. */
  readonly json: string;
  /** What the end record and the signature run over. */
  readonly rows: BatchRows;
}

export interface Batcher {
  /** Cuts when the batch is full. `cut`: what is known of the line's text. */
  add(line: LogLine, cut: Pick<CutLine, 'bytes' | 'json'>): void;
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

/**
 * Cuts batches when they are full or `batchMs` after the last cut. What was held back and cut by the clock does not count: the first
 * line of a read must not wait because of what we have said ourselves. While a batch is on its way another one would only wait behind
 * it, and cost everybody as much as a full one: lines are gathered on then, for a quarter of a second at most.
 */
export function openBatcher(args: {
  readonly batchMs: number;
  readonly now: () => number;
  readonly onBatch: (batch: Batch) => void;
  readonly maxBytes?: number;
  /** Batches that are not acknowledged; none, unless told. */
  readonly onTheirWay?: () => number;
}): Batcher {
  const roomBytes = (args.maxBytes ?? LIMITS.batchBytes) - ENVELOPE_BYTES;
  let lines: LogLine[] = [];
  let json = '';
  let bytes = 0;
  let textBytes = 0;
  let isHeld = false;
  /** Lines have waited for as long as they must, and for what is on its way now. */
  let isDue = false;
  let lastCut = -Infinity;
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (lines.length === 0) return;
    const batch = { lines, textBytes, json: `[${json}]`, rows: batchRows(lines) };
    lines = [];
    json = '';
    bytes = 0;
    textBytes = 0;
    if (!isHeld) lastCut = args.now();
    isHeld = false;
    isDue = false;
    args.onBatch(batch);
  }

  const onTheirWay = () => args.onTheirWay?.() ?? 0;

  /** The timer counts, and no clock is asked: one that is set back would let lines wait for as long. */
  function due(): void {
    if (onTheirWay() === 0 || args.batchMs >= GATHERED_MS) return flush();
    isDue = true;
    timer = setTimeout(flush, GATHERED_MS - args.batchMs);
  }

  return {
    add(line, cut) {
      const lineJson = jsonOf(line, cut.json);
      // All is ASCII but what the text holds, and so is what it takes to escape it.
      const size = lineJson.length - line.text.length + cut.bytes + 1;
      if (bytes + size > roomBytes) flush();
      json += json === '' ? lineJson : `,${lineJson}`;
      bytes += size;
      textBytes += cut.bytes;
      lines.push(line);
    },
    settle() {
      if (lines.length === 0 || (timer && !isHeld)) return;
      clearTimeout(timer);
      isHeld = false;
      const sinceMs = args.now() - lastCut;
      if (sinceMs >= (onTheirWay() > BEFORE_LONE ? GATHERED_MS : args.batchMs)) return flush();
      const waitMs = args.batchMs - sinceMs;
      timer = setTimeout(due, waitMs > 0 ? Math.min(waitMs, args.batchMs) : args.batchMs);
    },
    hold() {
      if (lines.length === 0 || timer) return;
      isHeld = true;
      timer = setTimeout(flush, args.batchMs);
    },
    caughtUp() {
      if (isDue) flush();
    },
    flush,
  };
}

/** What `JSON.stringify` makes of a line, which it does in half the time when it is given nothing but the text, if that. */
function jsonOf({ seq, stream, ms, text, partial }: LogLine, textJson: string | undefined): string {
  const json = textJson === undefined ? JSON.stringify(text) : `"${textJson}"`;
  return `{"seq":${seq},"stream":"${stream}","ms":${ms},"text":${json}${partial ? ',"partial":true}' : '}'}`;
}
