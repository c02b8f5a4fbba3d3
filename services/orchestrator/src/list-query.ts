import { Failure, labelPair, normalEmail, readLabelPair, type ExecutionFilter } from '@runvoy/core';
import { LIMITS, type ExecutionStatus, type LogStream } from '@runvoy/protocol';

const STATUSES: readonly ExecutionStatus[] = ['STARTING', 'RUNNING', 'TERMINATING', 'SUCCEEDED', 'FAILED', 'STOPPED'];
const DEFAULT_LIMIT = 10;

/** What a caller asked of the list. `limit` undefined = all, runvoy's `limit=0`. */
export interface ListQuery {
  readonly limit: number | undefined;
  readonly after: string | undefined;
  readonly filter: ExecutionFilter;
}

/**
 * Reads `?limit=&status=&image=&label=&user=&since=&until=&cursor=`; `label` is `key=value` and may be given more than once.
 * A bad parameter fails with `INVALID_REQUEST`, naming it and what it may be.
 */
export function readListQuery(query: Readonly<Record<string, unknown>>): ListQuery {
  const limit = readCount('limit', query['limit'], DEFAULT_LIMIT);
  const statuses = readStatuses(query['status']);
  const [image, user, cursor] = (['image', 'user', 'cursor'] as const).map((name) => readText(name, query[name]));
  const [sinceMs, untilMs] = readSpan(query, 'since', 'until');
  const labels = readTexts('label', query['label']).map((text) => labelPair(...readLabelPair(text)));
  return {
    limit: limit === 0 ? undefined : limit,
    after: cursor === '' ? undefined : cursor,
    filter: {
      ...(statuses.length === 0 ? {} : { statuses }),
      ...(image ? { image } : {}),
      ...(user ? { user: normalEmail(user) } : {}),
      ...(labels.length === 0 ? {} : { labels }),
      ...(sinceMs === undefined ? {} : { sinceMs }),
      ...(untilMs === undefined ? {} : { untilMs }),
    },
  };
}

/** Statuses, each once: the store takes only so many. In runvoy an unknown one matches nothing; who mistypes it would wonder why. */
function readStatuses(value: unknown): readonly ExecutionStatus[] {
  const named = readText('status', value)
    .split(',')
    .map((status) => status.trim())
    .filter((status) => status !== '');
  const unknown = named.find((name) => !STATUSES.some((status) => status === name));
  if (unknown === undefined) return STATUSES.filter((status) => named.includes(status));
  throw new Failure(
    'INVALID_REQUEST',
    `invalid status parameter: ${STATUSES.join(', ')}, several separated by commas; got "${unknown.slice(0, 80)}"`,
  );
}

/** Two times of which the first is not the later one. Fails with `INVALID_REQUEST`. */
export function readSpan(
  query: Readonly<Record<string, unknown>>,
  first: string,
  last: string,
): readonly [fromMs: number | undefined, toMs: number | undefined] {
  const [fromMs, toMs] = [readTime(first, query[first]), readTime(last, query[last])];
  if (fromMs === undefined || toMs === undefined || fromMs <= toMs) return [fromMs, toMs];
  throw new Failure('INVALID_REQUEST', `${first} is later than ${last}: nothing lies between them`);
}

/** A time in ms since the epoch; undefined when absent. Fails with `INVALID_REQUEST` for anything but RFC 3339 or a date. */
export function readTime(name: string, value: unknown): number | undefined {
  const text = readText(name, value);
  if (text === '') return undefined;
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new Failure('INVALID_REQUEST', `${name} is a time such as 2026-01-31T12:00:00Z; got "${text.slice(0, 80)}"`);
}

/** Reads `?version=`, from 1; undefined = the newest. */
export function readVersion(query: Readonly<Record<string, unknown>>): number | undefined {
  const version = readCount('version', query['version'], 0);
  return version === 0 ? undefined : version;
}

const PAGE = { fallback: 20, most: 100 };

/** Reads `?after=&limit=` of a list in pages, `after` being the `next` of the page before. */
export function readPageQuery(query: Readonly<Record<string, unknown>>): { after: string | undefined; limit: number } {
  const limit = readCount('limit', query['limit'], PAGE.fallback);
  if (limit < 1 || limit > PAGE.most) {
    throw new Failure('INVALID_REQUEST', `invalid limit parameter: a page has 1 to ${PAGE.most} entries, got ${limit}`);
  }
  const after = readText('after', query['after']);
  return { after: after === '' ? undefined : after, limit };
}

/** What a caller asked of a log. `undefined` = runvoy's shape: everything, in its own form. */
export interface LogQuery {
  readonly after: number;
  readonly limit: number;
  /** Only the last so many lines that are stored; `after` is 0 then. */
  readonly tail?: number;
  /** Only lines written at this time or later, and not later than that one. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

const LOG_QUERY = ['after', 'limit', 'tail', 'from', 'to'] as const;

/** Reads `?after=&limit=&tail=&from=&to=`; all absent = `undefined`. */
export function readLogQuery(query: Readonly<Record<string, unknown>>): LogQuery | undefined {
  if (LOG_QUERY.every((name) => query[name] === undefined)) return undefined;
  const tail = readText('tail', query['tail']) === '' ? undefined : readLines('tail', query['tail']);
  const other = ['after', 'from', 'to'].find((name) => query[name] !== undefined);
  if (tail !== undefined && other !== undefined) {
    throw new Failure(
      'INVALID_REQUEST',
      `tail is the end of what is stored, whatever its times; it goes without ${other}`,
    );
  }
  const limit = query['limit'] === undefined ? (tail ?? 1_000) : readLines('limit', query['limit']);
  const [fromMs, toMs] = readSpan(query, 'from', 'to');
  return {
    after: readCount('after', query['after'], 0),
    limit,
    ...(tail === undefined ? {} : { tail }),
    ...(fromMs === undefined ? {} : { fromMs }),
    ...(toMs === undefined ? {} : { toMs }),
  };
}

function readLines(name: 'limit' | 'tail', value: unknown): number {
  const lines = readCount(name, value, 1_000);
  if (lines >= 1 && lines <= LIMITS.logPageLines) return lines;
  const page = `a page has 1 to ${LIMITS.logPageLines} lines`;
  throw new Failure('INVALID_REQUEST', `invalid ${name} parameter: ${page}, got ${lines}`);
}

/** A parameter as a whole number, `fallback` when absent or empty. Fails with `INVALID_REQUEST`. */
export function readCount(name: string, value: unknown, fallback: number): number {
  const text = readText(name, value);
  if (text === '') return fallback;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new Failure(
    'INVALID_REQUEST',
    `invalid ${name} parameter: it must be a whole number, 0 or more, got "${text.slice(0, 80)}"`,
  );
}

const STREAMS: readonly LogStream[] = ['stdout', 'stderr', 'system'];

/** Reads `?stream=`; undefined = all of them. Fails with `INVALID_REQUEST`. */
export function readStream(query: Readonly<Record<string, unknown>>): LogStream | undefined {
  const text = readText('stream', query['stream']);
  const stream = STREAMS.find((one) => one === text);
  if (stream || text === '') return stream;
  throw new Failure(
    'INVALID_REQUEST',
    `invalid stream parameter: it is one of ${STREAMS.join(', ')}; got "${text.slice(0, 80)}"`,
  );
}

/** A parameter that is `true` or `false`; false when absent. Fails with `INVALID_REQUEST`. */
export function readSwitch(query: Readonly<Record<string, unknown>>, name: string): boolean {
  const text = readText(name, query[name]);
  if (text === 'true') return true;
  if (text === '' || text === 'false') return false;
  throw new Failure('INVALID_REQUEST', `invalid ${name} parameter: it is true or false; got "${text.slice(0, 80)}"`);
}

/** A parameter that may be given more than once. */
function readTexts(name: string, value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  const text = readText(name, value);
  return text === '' ? [] : [text];
}

/** A parameter as text, empty when absent. One that is given twice is a list; which one was meant nobody can tell: `INVALID_REQUEST`. */
export function readText(name: string, value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  throw new Failure('INVALID_REQUEST', `invalid ${name} parameter: it is given more than once`);
}
