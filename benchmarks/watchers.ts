import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What one follower that reads everything has seen. */
export interface TimedReport {
  /** The first line of the command. */
  readonly first: string;
  /** Lines of the command. */
  readonly lines: number;
  readonly frames: number;
  readonly bytes: number;
  readonly completeness: string;
  /** What came out of its turn, or was said to be missing. */
  readonly faults: readonly string[];
  /** Of each timed line but those of the first second, from its being written to its being seen, ms. */
  readonly latenciesMs: readonly number[];
  /** From the first timed line to the last, as they were written. */
  readonly writingS: number;
  /** When the last line was seen, µs of the machine's clock. */
  readonly seenUs: number;
}

/** What a crowd has seen: all forms in which the log came, of which there may be one. */
export interface CrowdReport {
  readonly frames: number;
  readonly bytes: number;
  readonly forms: readonly string[];
  readonly seenUs: number;
}

/** What all followers of a run have seen, once it was proven that each had every line once and in order. */
export interface Watched {
  readonly first: string;
  readonly lines: number;
  /** Frames with lines, and how long they are together. */
  readonly frames: number;
  readonly bytes: number;
  readonly latenciesMs: readonly number[];
  readonly writingS: number;
  /** When the last follower had seen the last line, µs of the machine's clock. */
  readonly seenUs: number;
}

export interface Watchers extends AsyncDisposable {
  /** Resolves when every follower has seen the end. Rejects when one missed a line, or saw one twice. */
  readonly done: Promise<Watched>;
}

/** Those of many that read and measure; the others only notice what they get. */
const SAMPLE = 4;

/**
 * Lets `followers` follow an address, in processes of their own, and resolves when all are connected. `ws:` is the live view,
 * `http:` server-sent events, of which there can be no crowd.
 */
export async function openWatchers(address: string, followers: number, lines: number): Promise<Watchers> {
  const sample = followers > SAMPLE ? SAMPLE : followers;
  const processes = [start('timed-followers', address, sample)];
  if (followers > sample) processes.push(start('crowd', address, followers - sample));
  const reports = processes.map(({ report }) => report);
  const done = Promise.all(reports).then(([timed, crowd]) =>
    proven(lines, timed as readonly TimedReport[], crowd as CrowdReport | undefined),
  );
  // Whoever waits for the connections sees it first.
  done.catch(() => undefined);
  await Promise.all(processes.map(({ following }) => following));
  return {
    done,
    async [Symbol.asyncDispose]() {
      for (const { child } of processes) await ended(child);
    },
  };
}

function start(file: string, address: string, followers: number) {
  const child = fork(fileURLToPath(new URL(`subjects/${file}.ts`, import.meta.url)), [address, String(followers)]);
  const gone = once(child, 'exit').then(() => Promise.reject(new Error(`${file} ended before its report`)));
  gone.catch(() => undefined);
  const following = Promise.race([once(child, 'message'), gone]);
  const report = following.then(() => Promise.race([once(child, 'message').then(([told]) => told as unknown), gone]));
  return { child, following, report };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

function proven(lines: number, timed: readonly TimedReport[], crowd: CrowdReport | undefined): Watched {
  const [first] = timed as [TimedReport];
  for (const one of timed) {
    const { latenciesMs: _, ...seen } = one;
    const isWhole = one.lines === lines && one.faults.length === 0 && one.completeness === 'complete';
    if (!isWhole) throw new Error(`a follower was to see ${lines} lines and saw ${JSON.stringify(seen)}`);
  }
  if (crowd && (crowd.forms.length !== 1 || crowd.frames !== first.frames || crowd.bytes !== first.bytes)) {
    const { frames, bytes } = first;
    throw new Error(`${frames} frames of ${bytes} bytes were seen, and by the crowd ${JSON.stringify(crowd)}`);
  }
  return {
    first: first.first,
    lines,
    frames: first.frames,
    bytes: first.bytes,
    latenciesMs: timed.flatMap(({ latenciesMs }) => latenciesMs),
    writingS: first.writingS,
    seenUs: Math.max(...timed.map(({ seenUs }) => seenUs), crowd?.seenUs ?? 0),
  };
}
