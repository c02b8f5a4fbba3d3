import { LIMITS } from '@runvoy/protocol';
import type { LogPart, RunvoyClient } from '@runvoy/sdk/client';
import type { Options } from './options.ts';
import { usageProblem } from './problem.ts';
import { readDurationS } from './read-duration.ts';

/** Where the reading of a log begins: behind a line, a number of lines before the end, or at a time (RFC 3339). */
export type LogStart = { readonly after: number } | { readonly tail: number } | { readonly from: string };

const STARTS = ['after', 'tail', 'since'] as const;

/** `--after`, `--tail` or `--since`; from the first line when none is given. */
export function readLogStart(options: Pick<Options, 'text'>, nowMs: number): LogStart {
  const given = STARTS.filter((name) => options.text(name) !== undefined);
  if (given.length > 1) {
    throw usageProblem(`--${given[0]} and --${given[1]} exclude each other: each says where the log begins.`);
  }
  const [after, tail, since] = STARTS.map((name) => options.text(name));
  if (since !== undefined) return { from: readSince(since, nowMs) };
  if (tail !== undefined) return { tail: readLines(tail) };
  if (after === undefined) return { after: 0 };
  if (!/^\d{1,12}$/.test(after)) throw usageProblem(`--after takes the number of a line; got "${after}".`);
  return { after: Number(after) };
}

/** The cursor before the first line that is wanted. */
export async function cursorOf(api: Pick<RunvoyClient, 'logPart'>, id: string, start: LogStart): Promise<number> {
  if ('after' in start) return start.after;
  if ('tail' in start && start.tail > 0) return (await firstOf(api, id, { tail: start.tail }))?.before ?? 0;
  // Asked first: what comes between two questions is still to come. Of nothing that is stored yet everything is.
  const last = (await firstOf(api, id, { tail: 1 }))?.seq ?? 0;
  if ('tail' in start) return last;
  return (await firstOf(api, id, { from: start.from, limit: 1 }))?.before ?? last;
}

async function firstOf(
  api: Pick<RunvoyClient, 'logPart'>,
  id: string,
  part: LogPart,
): Promise<{ readonly seq: number; readonly before: number } | undefined> {
  const [first] = (await api.logPart(id, part)).events ?? [];
  return first && { seq: Number(first.event_id), before: Number(first.event_id) - 1 };
}

function readLines(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw usageProblem(`--tail takes a number of lines; got "${text}".`);
  if (Number(text) <= LIMITS.logPageLines) return Number(text);
  throw usageProblem(`--tail takes ${LIMITS.logPageLines} lines at most; got ${text}.`);
}

/** A time, or how long ago it was. */
function readSince(text: string, nowMs: number): string {
  const atMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(atMs)) return new Date(atMs).toISOString();
  if (/^\d[\d.hms]*$/.test(text)) return new Date(nowMs - readDurationS(text, '--since') * 1_000).toISOString();
  throw usageProblem(`--since takes a time such as 2026-01-31T12:00:00Z, or how long ago: 10m, 1h30m; got "${text}".`);
}
