import type { LogLimitPolicy, LogStream } from '@runvoy/protocol';
import { type Batch, openBatcher } from './batcher.ts';
import { type EndRecord, openEndRecord } from './end-record.ts';
import { type CutLine, type LineCutter, openLineCutter } from './line-cutter.ts';
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

  function number(stream: LogStream, lines: readonly CutLine[]): void {
    const ms = args.now();
    for (const line of lines) {
      if (stream === 'system' || isWithinLimit(line)) add(stream, ms, line);
      else tail?.add({ stream, ms, ...line });
    }
  }

  function add(stream: LogStream, ms: number, cut: CutLine): void {
    const { text, partial } = cut;
    seq += 1;
    batcher.add(partial ? { seq, stream, ms, text, partial } : { seq, stream, ms, text }, cut);
    if (partial) open.add(stream);
    else open.delete(stream);
  }

  /** The line feed counts: a flood of empty lines is a flood too. */
  function isWithinLimit({ bytes }: CutLine): boolean {
    if (isOverLimit) return false;
    outputBytes += bytes + 1;
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
    for (const stream of open) add(stream, ms, { text: '', bytes: 0, partial: false });
  }

  function addTail(): void {
    if (!tail) return;
    const { lines, droppedLines, droppedBytes } = tail.take();
    if (droppedLines > 0) system(`dropped here: ${droppedLines} lines, ${droppedBytes} bytes`);
    for (const line of lines) add(line.stream, line.ms, line);
  }

  function system(text: string): void {
    const line = `${RUNNER_PREFIX}${text}`;
    number('system', [{ text: line, bytes: Buffer.byteLength(line), partial: false }]);
  }

  function outputEnded(name: 'stdout' | 'stderr'): void {
    const stream = streams[name];
    if (stream.ended) return;
    stream.ended = true;
    number(name, [...stream.cutter.push(stream.masker.end()), ...stream.cutter.end()]);
    batcher.settle();
  }

  return {
    output(name, bytes) {
      const { masker, cutter } = streams[name];
      number(name, cutter.push(masker.push(bytes)));
      batcher.settle();
    },
    outputEnded,
    system(text) {
      // Masked as a whole first: a value may run over several lines.
      number('system', openLineCutter().push(Buffer.from(`${args.mask.maskText(text)}\n`)));
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
