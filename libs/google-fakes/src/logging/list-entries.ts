import { HttpRefusal } from '../http-server.ts';
import type { LogEntry } from '../log-entry.ts';
import { FilterProblem, readFilter } from './filter.ts';

/** https://cloud.google.com/logging/docs/reference/v2/rest/v2/entries/list */
export interface ListRequest {
  readonly resourceNames?: readonly string[];
  readonly filter?: string;
  readonly orderBy?: string;
  readonly pageSize?: number;
  readonly pageToken?: string;
}

const DEFAULT_PAGE = 50;
const LARGEST_PAGE = 1_000;

/** A view is asked for by the project that its bucket is in. */
const VIEW = /^(projects\/[^/]+)\/locations\/[^/]+\/buckets\/[^/]+\/views\/[^/]+$/;

/** A page of the entries in order of time, then insert id. What has the same both, in one log, is one entry. */
export function listEntries(
  all: readonly LogEntry[],
  { resourceNames = [], filter = '', orderBy = 'timestamp asc', pageSize = DEFAULT_PAGE, pageToken }: ListRequest,
): { readonly entries?: readonly LogEntry[]; readonly nextPageToken?: string } {
  if (resourceNames.length === 0) throw invalid('resource_names must be given.');
  if (orderBy !== 'timestamp asc' && orderBy !== 'timestamp desc') throw invalid(`order_by cannot be ${orderBy}.`);
  if (pageSize < 0) throw invalid('page_size must not be negative.');
  const isMeant = understood(filter);
  const parents = resourceNames.map((name) => VIEW.exec(name)?.[1] ?? name);
  const unique = new Map<string, LogEntry>();
  for (const entry of all) {
    const isAsked = parents.some((name) => entry.logName.startsWith(`${name}/`));
    const key = `${entry.logName} ${entry.timestamp} ${entry.insertId}`;
    if (isAsked && isMeant(entry) && !unique.has(key)) unique.set(key, entry);
  }
  const sorted = [...unique.values()].toSorted(byTime);
  if (orderBy === 'timestamp desc') sorted.reverse();
  const from = pageToken === undefined ? 0 : Number(Buffer.from(pageToken, 'base64url').toString());
  if (!Number.isInteger(from)) throw invalid('page_token is not valid.');
  const to = from + Math.min(pageSize || DEFAULT_PAGE, LARGEST_PAGE);
  const page = sorted.slice(from, to);
  return {
    ...(page.length > 0 ? { entries: page } : {}),
    ...(to < sorted.length ? { nextPageToken: Buffer.from(String(to)).toString('base64url') } : {}),
  };
}

function understood(filter: string): (entry: LogEntry) => boolean {
  try {
    return readFilter(filter);
  } catch (error) {
    if (error instanceof FilterProblem) throw invalid(error.message);
    throw error;
  }
}

function byTime(a: LogEntry, b: LogEntry): number {
  return (
    Date.parse(a.timestamp) - Date.parse(b.timestamp) ||
    (a.insertId < b.insertId ? -1 : a.insertId > b.insertId ? 1 : 0)
  );
}

function invalid(message: string): HttpRefusal {
  return new HttpRefusal(400, 'badRequest', message);
}
