// Many followers of one run, in a process of their own: half over typed frames, half over server-sent events, each from a cursor of
// its own. `node follower-load.ts <followers> <seed>`; the doors come as one JSON line on stdin, the second line says `go on` when the
// server is back. On stdout: `{"following":N}` once all have a line beyond their cursors, then a report when all are over.
import { createInterface } from 'node:readline';
import type { LogsBody } from '@runvoy/protocol';
import { readRun } from './run-readers.ts';

const [followers, seed] = process.argv.slice(2).map(Number) as [number, number];
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { websocketUrl, most } = JSON.parse((await lines.next()).value as string) as {
  websocketUrl: string;
  /** The highest cursor that anybody begins with. */
  most: number;
};

/** The n-th of a fixed sequence below `most`: another seed, other places. */
const cursorOf = (nth: number) =>
  Math.floor(((((nth + 1) * 2_654_435_761 + seed * 40_503) % 2 ** 32) / 2 ** 32) * (most + 1));
const noPages = (): Promise<LogsBody> => Promise.reject(new Error('no pages here'));

const all = Array.from({ length: followers }, (_, nth) => {
  const after = cursorOf(nth);
  return { after, ...readRun(nth % 2 === 0 ? 'v2' : 'events', { websocketUrl, page: noPages, after }) };
});
const told = setInterval(() => {
  if (!all.every(({ seen }) => seen.lines.length > 0)) return;
  clearInterval(told);
  process.stdout.write(`${JSON.stringify({ following: all.length })}\n`);
}, 20);

const ended = await Promise.all(all.map(({ done }) => done));
const text = ended.map(({ lines: seen }) => seen.map((line) => `${line.seq} ${line.text}`));
const longest = text.reduce((a, b) => (a.length > b.length ? a : b));
process.stdout.write(
  `${JSON.stringify({
    wrong: ended.flatMap(({ wrong }) => wrong).slice(0, 20),
    gaps: ended.reduce((sum, { gaps }) => sum + gaps.length, 0),
    completeness: [...new Set(ended.map(({ completeness }) => completeness))],
    /** Followers whose lines are not those that the longest has behind their cursor. */
    unlike: text.filter((own) => own.join('\n') !== longest.slice(longest.length - own.length).join('\n')).length,
    short: ended.filter(({ lines: seen }, nth) => seen.length !== (ended[0]!.lines.at(-1)?.seq ?? 0) - all[nth]!.after)
      .length,
    connections: ended.reduce((sum, { connections }) => sum + connections, 0),
    forms: Object.groupBy(ended, ({ form }) => form).events?.length,
    longest: longest.map((line) => line.replace(/^\d+ /, '')),
  })}\n`,
);
process.exit();
