import type { LogLimitPolicy, LogStream } from '@runvoy/protocol';
import type { Batch } from './batch-writer.ts';
import { openBatcher } from './batcher.ts';
import { type EndRecord, openEndRecord } from './end-record.ts';
import { type CutLine, type LineCutter, type TakeLine, lineOf, openLineCutter } from './line-cutter.ts';
import type { Masker, SecretMask } from './masker.ts';
import { mostLines } from './most-lines.ts';
import { type OutputTail, TAIL_BYTES, openOutputTail } from './output-tail.ts';

/** The log of one run, from bytes read to batches cut: masked, cut into lines, numbered in the order they were read. */
export interface RunLog {
  /** Keeps nothing of `bytes`, which may be overwritten afterwards. */
  output(stream: 'stdout' | 'stderr', bytes: Buffer): void;
  /** The stream has ended; its last line may lack a line feed. */
  outputEnded(stream: 'stdout' | 'stderr'): void;
  /** A line of runvoy's own for each line of `text`. */
  system(text: string): void;
  /** Nothing is on its way any more. */
  caughtUp(): void;
  /** Numbers and cuts what is left; nothing may be added afterwards. */
  close(): EndRecord;
}

/** Begins every line that says what the runner itself does. */
export const RUNNER_PREFIX = '### runvoy runner: ';

export function openRunLog(args: {
  readonly mask: SecretMask;
  readonly batchMs: number;
  readonly maxLogBytes: number;
  /** `stop` unless told. */
  readonly limitPolicy?: LogLimitPolicy | undefined;
  readonly now: () => number;
  readonly onBatch: (batch: Batch) => void;
  /** Batches that are not acknowledged; none, unless told. */
  readonly onTheirWay?: () => number;
  /** Called once under `stop`; from then on the command's output is dropped. */
  readonly onOutputLimit: () => void;
}): RunLog {
  const endRecord = openEndRecord();
  const batcher = openBatcher({
    batchMs: args.batchMs,
    now: args.now,
    ...(args.onTheirWay && { onTheirWay: args.onTheirWay }),
    onBatch(batch) {
      endRecord.add(batch);
      args.onBatch(batch);
    },
  });
  const streams = { stdout: openStream(), stderr: openStream() };
  let seq = 0;
  let outputBytes = 0;
  let outputLines = 0;
  const linesWithin = mostLines(args.maxLogBytes);
  let isOverLimit = false;
  const tailBytes = args.limitPolicy === 'head_tail' ? Math.min(TAIL_BYTES, args.maxLogBytes >> 1) : 0;
  /** Under `head_tail` beyond the limit: what comes is kept here until the end tells what is the last part. */
  let tail: OutputTail | undefined;
  /** Streams whose last line goes on in the next. */
  const open = new Set<LogStream>();

  function openStream(): { readonly masker: Masker; readonly cutter: LineCutter; ended: boolean } {
    return { masker: args.mask.openStream(), cutter: openLineCutter(), ended: false };
  }

  /** Takes the lines of one read: it has one time. */
  function taker(stream: LogStream): TakeLine {
    const ms = args.now();
    return (line) => {
      if (stream === 'system' || isWithinLimit(line)) add(stream, ms, line);
      else
        tail?.add({ stream, ms, text: Buffer.from(line.bytes.subarray(line.start, line.end)), partial: line.partial });
    };
  }

  function add(stream: LogStream, ms: number, line: CutLine): void {
    seq += 1;
    batcher.add({ seq, stream, ms }, line);
    if (line.partial) open.add(stream);
    else if (open.size > 0) open.delete(stream);
  }

  /** The line feed counts: a flood of empty lines is a flood too. */
  function isWithinLimit({ start, end }: CutLine): boolean {
    if (isOverLimit) return false;
    outputBytes += end - start + 1;
    outputLines += 1;
    if (outputBytes <= args.maxLogBytes - tailBytes && outputLines <= linesWithin) return true;
    isOverLimit = true;
    if (tailBytes > 0) beginTail();
    else args.onOutputLimit();
    return false;
  }

  function beginTail(): void {
    tail = openOutputTail(tailBytes);
    endOpenLines();
    system(
      `the output limit of ${args.maxLogBytes} bytes or ${linesWithin} lines is near: of what follows only the last ${tailBytes} bytes are kept, and shown at the end`,
    );
  }

  /** What a line goes on with may be dropped: nobody may take a later one for it. */
  function endOpenLines(): void {
    const ms = args.now();
    for (const stream of open) add(stream, ms, lineOf(Buffer.alloc(0), false));
  }

  function addTail(): void {
    if (!tail) return;
    const { lines, droppedLines, droppedBytes } = tail.take();
    const what = droppedLines > 0 ? `${droppedLines} lines` : 'a part of a line';
    system(droppedBytes > 0 ? `dropped here: ${what}, ${droppedBytes} bytes` : 'nothing was dropped here');
    for (const { stream, ms, text, partial } of lines) add(stream, ms, lineOf(text, partial));
  }

  function system(text: string): void {
    add('system', args.now(), lineOf(Buffer.from(`${RUNNER_PREFIX}${text}`), false));
  }

  function outputEnded(name: 'stdout' | 'stderr'): void {
    const stream = streams[name];
    if (stream.ended) return;
    stream.ended = true;
    const take = taker(name);
    stream.cutter.push(stream.masker.end(), take);
    stream.cutter.end(take);
    batcher.settle();
  }

  return {
    output(name, bytes) {
      const { masker, cutter } = streams[name];
      cutter.push(masker.push(bytes), taker(name));
      batcher.settle();
    },
    outputEnded,
    system(text) {
      // Masked as a whole first: a value may run over several lines.
      openLineCutter().push(Buffer.from(`${args.mask.maskText(text)}\n`), taker('system'));
      batcher.hold();
    },
    caughtUp: () => batcher.caughtUp(),
    close() {
      outputEnded('stdout');
      outputEnded('stderr');
      addTail();
      batcher.flush();
      return endRecord.read();
    },
  };
}
