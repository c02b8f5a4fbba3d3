import type { RunvoyClient } from '@runvoy/sdk/client';
import type { FirstErrorBody } from '@runvoy/protocol';
import { grouped } from '@runvoy/sdk/texts';

type Searcher = Pick<RunvoyClient, 'searchLog'>;

/** What is looked for. */
export interface SearchText {
  readonly q: string;
  /** `q` is an RE2 expression. */
  readonly regex: boolean;
}

/** What a search has found so far. */
export interface FoundLines {
  /** The lines that can be gone to, in order: the first ones when there are very many. */
  readonly lines: readonly number[];
  /** How many there are in what was read. */
  readonly total: number;
  /** The last line that was read. */
  readonly through: number;
  /** Everything that was stored was read. */
  readonly complete: boolean;
}

const HITS_A_PAGE = 1_000;
/** Nobody goes through more by hand; beyond them hits are only counted. */
const LINES_AT_MOST = 5_000;

/** Nothing read yet. */
export const NOTHING_FOUND: FoundLines = { lines: [], total: 0, through: 0, complete: false };

/** Searches a log on the server from where `found` ended, to its end as it is now; yields what is known after each answer. */
export async function* findLines(
  api: Searcher,
  executionId: string,
  text: SearchText,
  found: FoundLines = NOTHING_FOUND,
  signal?: AbortSignal,
): AsyncGenerator<FoundLines, void, undefined> {
  const lines = [...found.lines];
  let { total, through: after } = found;
  for (;;) {
    const limit = lines.length < LINES_AT_MOST ? HITS_A_PAGE : 0;
    const page = await api.searchLog(executionId, { ...text, ignore_case: true, after, limit }, { signal });
    for (const { seq } of page.hits) lines.push(seq);
    yield { lines: [...lines], total: total + page.total, through: page.through, complete: page.complete };
    const isFull = lines.length >= LINES_AT_MOST;
    if (page.next_after === undefined || (isFull && page.complete)) return;
    // What was counted behind the last hit of a page is counted again with the next.
    total += isFull ? page.total : page.hits.length;
    after = isFull ? page.through : page.next_after;
  }
}

/** Where to look first; undefined when no line looks like an error. */
export async function findFirstError(
  api: Searcher,
  executionId: string,
  signal?: AbortSignal,
): Promise<FirstErrorBody | undefined> {
  let after = 0;
  for (;;) {
    const { first_error, next_after } = await api.searchLog(executionId, { after, limit: 1 }, { signal });
    if (first_error || next_after === undefined) return first_error;
    after = next_after;
  }
}

/** The line to go to from `line`, forwards or backwards, round the end; undefined when there is none. */
export function nextHit(lines: readonly number[], line: number | undefined, forwards: boolean): number | undefined {
  const from = line ?? 0;
  if (forwards) return lines.find((seq) => seq > from) ?? lines[0];
  return lines.findLast((seq) => seq < from) ?? lines.at(-1);
}

/** `3 of 12`; of how many is not known before everything was read. */
export function countText({ lines, total, complete }: FoundLines, line: number | undefined): string {
  const of = `${grouped(total)}${complete ? '' : '+'}`;
  if (total === 0) return complete ? 'Not found' : 'Searching…';
  const at = line === undefined ? -1 : lines.indexOf(line);
  return at < 0 ? `${of} ${total === 1 ? 'line' : 'lines'}` : `${grouped(at + 1)} of ${of}`;
}
