import type { LogStream } from '@runvoy/protocol';

/** A line that has no number yet: it may still be dropped. */
export interface UnnumberedLine {
  readonly stream: LogStream;
  readonly ms: number;
  /** In UTF-8. */
  readonly text: Buffer;
  readonly partial: boolean;
}

/** The last part of an output. The oldest lines are dropped when a newer one needs their room. */
export interface OutputTail {
  add(line: UnnumberedLine): void;
  /** What is kept, oldest first, and how much was dropped before it. */
  take(): { readonly lines: readonly UnnumberedLine[]; readonly droppedLines: number; readonly droppedBytes: number };
}

/** It is in memory, which a run's output may not fill. */
export const TAIL_BYTES = 4 * 1024 * 1024;
/** Empty lines take memory, too. */
const TAIL_LINES = 40_000;

export function openOutputTail(limitBytes: number): OutputTail {
  let kept: UnnumberedLine[] = [];
  /** Those before it are dropped; they leave the array by the thousand. */
  let first = 0;
  let keptBytes = 0;
  let droppedLines = 0;
  let droppedBytes = 0;
  const sizeOf = ({ text }: UnnumberedLine) => text.length + 1;

  return {
    add(line) {
      kept.push(line);
      keptBytes += sizeOf(line);
      while (keptBytes > limitBytes || kept.length - first > TAIL_LINES) {
        const size = sizeOf(kept[first]!);
        keptBytes -= size;
        droppedBytes += size;
        droppedLines += 1;
        first += 1;
      }
      if (first < TAIL_LINES) return;
      kept = kept.slice(first);
      first = 0;
    },
    take: () => ({ lines: kept.slice(first), droppedLines, droppedBytes }),
  };
}
