import { createHash } from 'node:crypto';
import { digestRow, signedRows, type Completeness, type LogLine } from '@runvoy/protocol';
import type { RunTruth } from './run-truth.ts';
import { WINDOWS } from './windows.ts';
import type { World } from './world.ts';

/** How an end was told. Bare frames say that it is over, and nothing of lines and digest. */
export interface ToldEnd {
  readonly lines?: number;
  readonly sha256?: string | null;
  readonly completeness?: Completeness;
}

/** So long a missing line may take from the store to who was about to be told that it will not come. */
const CROSSING_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * What one reader was shown, over all its connections, held against what the command wrote and the runner cut: every line once and in
 * order, or a gap that was named. It knows nothing of how logs are stored or served.
 */
export class SeenLog {
  /** The last line that was shown, or that is known not to come. */
  cursor: number;
  /** The last line that was shown; 0 before the first. */
  shown = 0;
  /** When that was said which it is shown now, if not at this moment: frames may be long on their way. */
  saidMs: number | undefined;
  /** When it was last shown a line or named a gap. */
  #movedMs = 0;
  readonly #name: string;
  readonly #world: World;
  readonly #run: RunTruth;
  readonly #after: number;
  readonly #rows = createHash('sha256');
  readonly #output: string[] = [];
  /** Gaps that were named, and when. */
  readonly #gaps: { readonly from: number; readonly to: number; readonly toldMs: number }[] = [];

  constructor(world: World, run: RunTruth, after: number, name: string) {
    this.#world = world;
    this.#run = run;
    this.#after = after;
    this.cursor = after;
    this.#name = name;
  }

  /** A line is shown. */
  line(line: LogLine): void {
    const world = this.#world;
    const run = this.#run;
    if (line.seq <= this.cursor) {
      return world.violate('cursor-ignored', `${this.#name} has line ${this.cursor} and is shown ${line.seq}`);
    }
    if (line.seq > this.cursor + 1) {
      return world.violate('line-missing', `${this.#name} has line ${this.cursor} and is shown ${line.seq} next`);
    }
    this.cursor = line.seq;
    this.shown = line.seq;
    this.#movedMs = world.nowMs;
    run.shownThrough = Math.max(run.shownThrough, line.seq);
    const cut = run.lines.find(({ seq }) => seq === line.seq);
    if (!line.text.startsWith(`${run.label} `)) {
      return world.violate('foreign-line', `${this.#name} is shown "${line.text}"`);
    }
    if (!cut || signedRows(line.seq, [cut]) !== signedRows(line.seq, [line])) {
      return world.violate('line-changed', `${this.#name} is shown another line ${line.seq} than was cut`);
    }
    this.#rows.update(digestRow(line));
    if (line.stream === 'stdout') this.#output.push(line.text);
  }

  #whenSaid(): number {
    return this.saidMs ?? this.#world.nowMs;
  }

  /** Lines are named that will not come. */
  gap(from: number, to: number): void {
    const world = this.#world;
    const run = this.#run;
    world.reach('reader-names-gap');
    world.trace.step(`${this.#name} is told that lines ${from}-${to} will not come`);
    if (from !== this.cursor + 1) {
      return world.violate('line-missing', `${this.#name} has line ${this.cursor} and is told of a gap from ${from}`);
    }
    if (run.endStoredMs === undefined) {
      return world.violate('line-missing', `${this.#name} is told of a gap of a run that goes on`);
    }
    this.#checkSettled('of a gap');
    for (const { from: first, through } of run.chunks.values()) {
      const isLongStored = run.chunkStoredMs.get(first)! < this.#whenSaid() - CROSSING_MS;
      if (isLongStored && first <= to && from <= through) {
        return world.violate('line-missing', `${this.#name} is told that stored line ${first} will not come`);
      }
    }
    this.#gaps.push({ from, to, toldMs: this.#whenSaid() });
    if (
      [...run.droppedByFastLane].some((first) => first >= from && first <= to && run.droppedBySafetyLane.has(first))
    ) {
      world.reach('reader-told-the-gap');
    }
    this.cursor = to;
    this.#movedMs = world.nowMs;
  }

  /** Either lane may bring something until the settle window is over. Whose clock has jumped cannot tell when that is. */
  #checkSettled(what: string): void {
    const world = this.#world;
    const endedMs = this.#run.execution?.completed_at_ms ?? Infinity;
    if (world.hasClockJumped || this.#whenSaid() >= endedMs + WINDOWS.settleMs) return;
    world.violate('end-before-terminal', `${this.#name} is told ${what} while lines may still come`);
  }

  /** Once nothing goes wrong any more, what is stored is shown, also while the run goes on. */
  checkShown(healingMs: number): void {
    const { chunks, chunkStoredMs } = this.#run;
    const next = [...chunks.values()].find(({ from, through }) => from <= this.cursor + 1 && this.cursor < through);
    if (!next) return;
    // Before a line that is missing a reader waits: it counts from when the last one that was missing before it came.
    const before = [...chunks.keys()].filter((from) => from <= next.from);
    // Whose lines come one by one has them one after the other.
    const sinceMs = Math.max(healingMs, this.#movedMs, ...before.map((from) => chunkStoredMs.get(from)!));
    if (this.#world.nowMs <= sinceMs + CROSSING_MS) return;
    this.#world.violate('line-missing', `${this.#name} has line ${this.cursor} and is not shown the next, long stored`);
  }

  /** It is told that the log is not kept any more. */
  expired(): void {
    this.#world.trace.detail(`${this.#name} is told that the log has expired`);
    this.#world.reach('reader-told-expired');
    if (this.#run.execution?.log_expired) return;
    this.#world.violate('expired-early', `${this.#name} is told that a log has expired that is kept`);
  }

  /** Nothing more will be shown. */
  end(told: ToldEnd): void {
    const world = this.#world;
    const run = this.#run;
    const { completeness, lines } = told;
    const text = `${this.#name} is told the end: ${completeness ?? 'it is over'}, ${lines ?? this.cursor} lines`;
    // Of those who read long afterwards only what goes wrong belongs to the story.
    if (run.endStoredMs !== undefined && world.nowMs > run.endStoredMs + DAY_MS) world.trace.detail(text);
    else world.trace.step(text);
    if (run.endStoredMs === undefined) {
      return world.violate('end-before-terminal', `${this.#name} is told an end of a run that goes on`);
    }
    if (this.#after > run.lines.length) world.reach('reader-beyond-end');
    if (lines === undefined) return this.#endWithoutWords();
    if (lines < run.shownThrough) {
      world.violate('end-before-terminal', `${this.#name} is told ${lines} lines, ${run.shownThrough} were shown`);
    }
    if (this.cursor !== Math.max(lines, this.#after)) {
      world.violate('line-missing', `${this.#name} has lines to ${this.cursor} of ${lines}, and no word of the rest`);
    }
    if (completeness !== 'complete') this.#checkSettled(`that its log is ${completeness}`);
    if (completeness === 'unproven') world.reach('log-unproven');
    if (completeness === 'gaps') world.reach('log-with-gaps');
    if (completeness === 'gaps' && lines !== run.report?.lines) {
      world.violate('hash-wrong', `${this.#name} is told ${lines} lines, the runner has reported ${run.report?.lines}`);
    }
    if (completeness === 'running') {
      world.violate('end-before-terminal', `${this.#name} is told an end of a log that goes on`);
    }
    if (completeness === 'complete') this.#endOfAll(lines, told.sha256);
  }

  /** It was told that every line is there: then they are the command's own, each of them. */
  #endOfAll(lines: number, sha256: string | null | undefined): void {
    const world = this.#world;
    const run = this.#run;
    if (this.#gaps.some((gap) => !this.#hasCome(gap))) {
      world.violate('hash-wrong', `${this.#name} was told of a gap, and then that nothing is missing`);
    }
    if (run.commandStarts === 0) return;
    if (!run.report || lines !== run.lines.length) {
      return world.violate('hash-wrong', `${this.#name} is told that ${lines} of ${run.lines.length} lines are all`);
    }
    if (this.#after > 0 || this.#gaps.length > 0) return;
    world.reach('reader-of-proven-log');
    if (sha256 !== this.#rows.digest('hex')) {
      world.violate('hash-wrong', `${this.#name} has read other lines than those whose digest it is told`);
    }
    if (this.#output.join('\n') !== run.written.join('\n')) {
      world.violate('line-missing', `${this.#name} has all lines and not what the command wrote`);
    }
  }

  /** What is known of a log may still become better: each line of the gap was stored after it had been named, or just before. */
  #hasCome({ from, to, toldMs }: { readonly from: number; readonly to: number; readonly toldMs: number }): boolean {
    const { chunks, chunkStoredMs } = this.#run;
    let next = from;
    for (const chunk of [...chunks.values()].toSorted((a, b) => a.from - b.from)) {
      if (next > to || chunk.through < next || chunk.from > next) continue;
      if (chunkStoredMs.get(chunk.from)! < toldMs - CROSSING_MS) return false;
      next = chunk.through + 1;
    }
    return next > to;
  }

  /** Bare frames say nothing of the log as a whole: what is stored and long could be shown was. */
  #endWithoutWords(): void {
    const { chunks, chunkStoredMs } = this.#run;
    for (const { from, through } of chunks.values()) {
      if (through > this.cursor && chunkStoredMs.get(from)! < this.#whenSaid() - CROSSING_MS) {
        this.#world.violate(
          'line-missing',
          `${this.#name} is told that it is over, and has not the stored line ${from}`,
        );
      }
    }
  }
}
