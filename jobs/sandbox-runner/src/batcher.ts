import { LIMITS, type LogLine } from '@runvoy/protocol';

/** Lines that will stay together for ever. */
export interface Batch {
  readonly lines: readonly LogLine[];
  /** UTF-8 bytes of their texts. */
  readonly textBytes: number;
  /** The lines as JSON, made once: they are measured, sent and spooled in this form. */
  readonly json: string;
}

export interface Batcher {
  /** Cuts when the batch is full. `textBytes`: of the line's text in UTF-8. */
  add(line: LogLine, textBytes: number): void;
  /** To be called after each read: cuts at once when no read was cut for `batchMs`, so a lone line never waits. */
  settle(): void;
  /** To be called after lines of our own: they go with the lines of the next read, or after `batchMs`. */
  hold(): void;
  /** Cuts what is there. */
  flush(): void;
}

/** Room for the fields of the message and of the safety lane's wrapping. */
const ENVELOPE_BYTES = 768;

/**
 * Cuts batches when they are full or `batchMs` after the last cut. What was held back and cut by the clock does not count: the first
 * line of a read must not wait because of what we have said ourselves.
 */
export function openBatcher(args: {
  readonly batchMs: number;
  readonly now: () => number;
  readonly onBatch: (batch: Batch) => void;
  readonly maxBytes?: number;
}): Batcher {
  const roomBytes = (args.maxBytes ?? LIMITS.batchBytes) - ENVELOPE_BYTES;
  let lines: LogLine[] = [];
  let json = '';
  let bytes = 0;
  let textBytes = 0;
  let isHeld = false;
  let lastCut = -Infinity;
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (lines.length === 0) return;
    const batch = { lines, textBytes, json: `[${json}]` };
    lines = [];
    json = '';
    bytes = 0;
    textBytes = 0;
    if (!isHeld) lastCut = args.now();
    isHeld = false;
    args.onBatch(batch);
  }

  return {
    add(line, lineTextBytes) {
      const lineJson = jsonOf(line);
      // All is ASCII but what the text holds, and so is what it takes to escape it.
      const size = lineJson.length - line.text.length + lineTextBytes + 1;
      if (bytes + size > roomBytes) flush();
      json += json === '' ? lineJson : `,${lineJson}`;
      bytes += size;
      textBytes += lineTextBytes;
      lines.push(line);
    },
    settle() {
      if (lines.length === 0 || (timer && !isHeld)) return;
      clearTimeout(timer);
      isHeld = false;
      const waitMs = lastCut + args.batchMs - args.now();
      if (waitMs <= 0) flush();
      else timer = setTimeout(flush, Math.min(waitMs, args.batchMs));
    },
    hold() {
      if (lines.length === 0 || timer) return;
      isHeld = true;
      timer = setTimeout(flush, args.batchMs);
    },
    flush,
  };
}

/** What `JSON.stringify` makes of a line, which it does in half the time when it is given nothing but the text. */
function jsonOf({ seq, stream, ms, text, partial }: LogLine): string {
  return `{"seq":${seq},"stream":"${stream}","ms":${ms},"text":${JSON.stringify(text)}${partial ? ',"partial":true}' : '}'}`;
}
