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
  /** What is kept, oldest first, and how much was dropped before it: bytes with line feeds, and lines that had one. */
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
  // Each piece takes memory, too.
  const sizeOf = ({ text }: UnnumberedLine) => text.length + 1;

  return {
    add(line) {
      kept.push(line);
      keptBytes += sizeOf(line);
      while (keptBytes > limitBytes || kept.length - first > TAIL_LINES) {
        const { text, partial } = kept[first]!;
        keptBytes -= sizeOf(kept[first]!);
        // The next piece of a line goes on with it.
        const lineFeeds = partial ? 0 : 1;
        droppedBytes += text.length + lineFeeds;
        droppedLines += lineFeeds;
        first += 1;
      }
      if (first < TAIL_LINES) return;
      kept = kept.slice(first);
      first = 0;
    },
    take: () => ({ lines: kept.slice(first), droppedLines, droppedBytes }),
  };
}
