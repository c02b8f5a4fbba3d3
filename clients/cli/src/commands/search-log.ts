import { isTerminal, type LogGap, type LogLine, type LogStream, type SearchLogBody } from '@runvoy/protocol';
import type { LogSearchQuery, RunvoyClient } from '@runvoy/sdk/client';
import { lineOf } from '@runvoy/sdk/follow';
import { counted } from '@runvoy/sdk/texts';
import { openConnection } from '../connection.ts';
import { EXIT } from '../exit-code.ts';
import { FoundLines } from '../found-lines.ts';
import type { Invocation } from '../invocation.ts';
import { gapNames } from '../log-verdict-text.ts';
import { openApi } from '../open-api.ts';
import { openPatience, type Patiently } from '../patiently.ts';
import { usageProblem } from '../problem.ts';
import { Screen } from '../screen.ts';
import { paint, type Terminal } from '../terminal.ts';

interface Searching {
  readonly api: RunvoyClient;
  readonly patiently: Patiently;
  readonly id: string;
  readonly terminal: Terminal;
  readonly json: boolean;
  /** How many lines are shown around each. */
  readonly context: number;
}

const HITS_A_PAGE = 1_000;
const CONTEXT_MOST = 1_000;
const CONTEXT_OF_ERROR = 10;

/** `runvoy logs --search` and `--first-error`: the server searches; lines are printed as `grep -n` prints them. */
export async function searchLog(invocation: Invocation): Promise<number> {
  const { options, words, terminal } = invocation;
  const q = options.text('search');
  if (q === '') throw usageProblem('--search takes the text to find; got none.');
  const context = readCount('context', options.text('context')) ?? (q === undefined ? CONTEXT_OF_ERROR : 0);
  const after = readCount('after', options.text('after')) ?? 0;
  const stream = readStream(options.text('stream'));
  const searching = {
    api: openApi(await openConnection(invocation)),
    patiently: openPatience((why) => say(terminal, why)),
    id: words[0] ?? '',
    terminal,
    json: options.flag('json'),
    context: Math.min(context, CONTEXT_MOST),
  };
  if (q === undefined) return printFirstError(searching, after);
  // Every page is asked for, so that they add up: what one counted beyond its list would be searched twice.
  const query = { q, limit: HITS_A_PAGE, count: false, ...(stream && { stream }) };
  const [regex, ignore_case] = [options.flag('regex'), options.flag('ignore-case')];
  return printHits(searching, { ...query, regex, ignore_case }, after);
}

async function printHits(searching: Searching, query: LogSearchQuery, after: number): Promise<number> {
  const { api, patiently, id, terminal, json } = searching;
  const found = new FoundLines(searching);
  const screen = new Screen(terminal);
  const gaps: LogGap[] = [];
  let listed = 0;
  let read = 0;
  let page: SearchLogBody;
  let from = after;
  do {
    const ask = () => api.searchLog(id, { ...query, after: from });
    // What has begun is gone on with when the server was away for a while.
    page = from === after ? await ask() : await patiently(ask);
    await found.print(page.hits);
    await screen.full();
    if (screen.readerGone.aborted) return EXIT.ok;
    listed += page.hits.length;
    // The last page also names what is missing behind all that is stored.
    const through = page.next_after ?? Infinity;
    read = Math.max(read, page.through);
    for (const gap of page.gaps ?? []) if (gap.from > from && gap.to <= through) gaps.push(gap);
    from = page.next_after ?? from;
  } while (page.next_after !== undefined);
  const state = isTerminal(page.status) ? '' : ' so far';
  if (json) {
    const { execution_id, status } = page;
    found.json([{ type: 'found', execution_id, status, total: listed, through: read, gaps }]);
  }
  say(terminal, `${counted(listed, 'line')} found, searched up to line ${read}${state}`);
  sayNotSearched(terminal, gaps);
  return listed > 0 ? EXIT.ok : EXIT.notFound;
}

async function printFirstError(searching: Searching, after: number): Promise<number> {
  const { api, patiently, id, terminal, json, context } = searching;
  const gaps: LogGap[] = [];
  let page: SearchLogBody;
  let from = after;
  do {
    const query = { after: from, limit: 1, count: false };
    page = await (from === after ? api.searchLog(id, query) : patiently(() => api.searchLog(id, query)));
    gaps.push(...(page.gaps ?? []));
    from = page.next_after ?? from;
  } while (page.hits.length === 0 && !page.first_error && page.next_after !== undefined);
  const found = new FoundLines(searching);
  const { first_error: first, execution_id, status, hits } = page;
  if (json) found.json([{ type: 'first_error', execution_id, status, ...(first && { ...first, line: hits[0] }) }]);
  if (!first) {
    say(terminal, 'no line looks like an error');
    sayNotSearched(terminal, gaps);
    return EXIT.notFound;
  }
  if (first.because === 'last_lines')
    say(terminal, 'no line looks like an error; the run failed, and these are its last lines');
  if (first.because === 'last_lines') sayNotSearched(terminal, gaps);
  if (json) return EXIT.ok;
  if (first.because === 'last_lines') found.plain(await linesAfter(api, id, first.seq - 1));
  else await found.print(hits);
  if (first.because === 'error_line') {
    say(terminal, `line ${first.seq}; more of it: runvoy logs --after ${Math.max(0, first.seq - context - 1)} ${id}`);
  }
  return EXIT.ok;
}

function sayNotSearched(terminal: Terminal, gaps: readonly LogGap[]): void {
  if (gaps.length > 0) say(terminal, `not searched, they are missing: ${gapNames(gaps)}`);
}

async function linesAfter(api: RunvoyClient, id: string, after: number): Promise<readonly LogLine[]> {
  return ((await api.logPart(id, { after, limit: CONTEXT_MOST })).events ?? []).map(lineOf);
}

function say(terminal: Terminal, text: string): void {
  terminal.stderr.write(`${paint(terminal, terminal.stderr, 'dim', text)}\n`);
}

const STREAMS: readonly LogStream[] = ['stdout', 'stderr', 'system'];

function readStream(text: string | undefined): LogStream | undefined {
  const stream = STREAMS.find((name) => name === text);
  if (stream || text === undefined) return stream;
  throw usageProblem(`--stream takes ${STREAMS.join(', ')}; got "${text}".`);
}

function readCount(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,12}$/.test(text)) throw usageProblem(`--${name} takes a number of lines; got "${text}".`);
  return Number(text);
}
