import type { LogEntry } from '../log-entry.ts';
import { FilterProblem } from './filter-tokens.ts';
import type { Token } from './filter-tokens.ts';

/** Whether an entry is meant. */
export type EntryTest = (entry: LogEntry) => boolean;

const SEVERITIES = ['DEFAULT', 'DEBUG', 'INFO', 'NOTICE', 'WARNING', 'ERROR', 'CRITICAL', 'ALERT', 'EMERGENCY'];
const TIMES = ['timestamp', 'receiveTimestamp'];

/** One comparison. Texts are compared in any case, regular expressions are not; a field that is not there equals nothing. */
export function compare(path: readonly string[], operator: string, { kind, value }: Token): EntryTest {
  const found = (entry: LogEntry): unknown => valueAt(entry, path);
  switch (operator) {
    case '=':
      return (entry) => equals(found(entry), value);
    case '!=':
      return (entry) => !equals(found(entry), value);
    case ':':
      if (kind === 'word' && value === '*') return (entry) => found(entry) !== undefined;
      return (entry) => lower(found(entry))?.includes(value.toLowerCase()) ?? false;
    case '=~':
      return matching(found, value);
    case '!~': {
      const test = matching(found, value);
      return (entry) => !test(entry);
    }
    default:
      return ordered(path, found, operator, value);
  }
}

function matching(found: (entry: LogEntry) => unknown, pattern: string): EntryTest {
  // RE2 and JavaScript agree on what is written here; what only one of them knows is not.
  const expression = new RegExp(pattern, 'u');
  return (entry) => {
    const value = found(entry);
    return typeof value === 'string' && expression.test(value);
  };
}

function ordered(
  path: readonly string[],
  found: (entry: LogEntry) => unknown,
  operator: string,
  value: string,
): EntryTest {
  const rank = rankFor(path[0]!, value);
  const wanted = rank(value);
  if (Number.isNaN(wanted))
    throw new FilterProblem(`${JSON.stringify(value)} cannot be compared with ${path.join('.')}.`);
  return (entry) => {
    const actual = rank(path[0] === 'severity' ? (found(entry) ?? 'DEFAULT') : found(entry));
    if (operator === '>=') return actual >= wanted;
    if (operator === '<=') return actual <= wanted;
    return operator === '>' ? actual > wanted : actual < wanted;
  };
}

function rankFor(field: string, value: string): (value: unknown) => number {
  if (field === 'severity') return (severity) => SEVERITIES.indexOf(String(severity));
  if (TIMES.includes(field)) return (time) => Date.parse(String(time));
  if (value.trim() === '' || Number.isNaN(Number(value))) return () => Number.NaN;
  return (number) => (typeof number === 'number' || typeof number === 'string' ? Number(number) : Number.NaN);
}

function equals(found: unknown, value: string): boolean {
  return lower(found) === value.toLowerCase();
}

function lower(found: unknown): string | undefined {
  const isPlain = typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean';
  return isPlain ? String(found).toLowerCase() : undefined;
}

function valueAt(entry: LogEntry, path: readonly string[]): unknown {
  let at: unknown = entry;
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = Object.hasOwn(at, key) ? (at as Record<string, unknown>)[key] : undefined;
  }
  return at;
}
