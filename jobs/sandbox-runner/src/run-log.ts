import type { LogLine, LogStream } from '@runvoy/protocol';
import { type Batch, openBatcher } from './batcher.ts';
import { type EndRecord, openEndRecord } from './end-record.ts';
import { type CutLine, type LineCutter, openLineCutter } from './line-cutter.ts';
import type { Masker, SecretMask } from './masker.ts';

/** The log of one run, from bytes read to batches cut: masked, cut into lines, numbered in the order they were read. */
export interface RunLog {
  output(stream: 'stdout' | 'stderr', bytes: Buffer): void;
  /** The stream has ended; its last line may lack a line feed. */
  outputEnded(stream: 'stdout' | 'stderr'): void;
  /** A line of runvoy's own for each line of `text`. */
  system(text: string): void;
  /** Numbers and cuts what is left; nothing may be added afterwards. */
  close(): EndRecord;
}

/** Begins every line that says what the runner itself does. */
export const RUNNER_PREFIX = '### runvoy runner: ';

export function openRunLog(args: {
  readonly mask: SecretMask;
  readonly batchMs: number;
  readonly maxLogBytes: number;
  readonly now: () => number;
  readonly onBatch: (batch: Batch) => void;
  /** Called once; from then on the command's output is dropped. */
  readonly onOutputLimit: () => void;
}): RunLog {
  const endRecord = openEndRecord();
  const batcher = openBatcher({
    batchMs: args.batchMs,
    now: args.now,
    onBatch(batch) {
      endRecord.add(batch.lines);
      args.onBatch(batch);
    },
  });
  const streams = { stdout: openStream(), stderr: openStream() };
  let seq = 0;
  let outputBytes = 0;
  let isOverLimit = false;

  function openStream(): { readonly masker: Masker; readonly cutter: LineCutter; ended: boolean } {
    return { masker: args.mask.openStream(), cutter: openLineCutter(), ended: false };
  }

  function number(stream: LogStream, lines: readonly CutLine[]): void {
    const ms = args.now();
    for (const { text, partial } of lines) {
      if (stream !== 'system') {
        if (isOverLimit) return;
        // The line feed counts: a flood of empty lines is a flood too.
        outputBytes += Buffer.byteLength(text) + 1;
        if (outputBytes > args.maxLogBytes) {
          isOverLimit = true;
          args.onOutputLimit();
          return;
        }
      }
      seq += 1;
      const line: LogLine = partial ? { seq, stream, ms, text, partial } : { seq, stream, ms, text };
      batcher.add(line);
    }
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
    close() {
      outputEnded('stdout');
      outputEnded('stderr');
      batcher.flush();
      return endRecord.read();
    },
  };
}
