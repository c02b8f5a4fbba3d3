import type { LogEntry } from '@runvoy/google-fakes';
import type { LoggingApi } from '../../src/job-runner/logging-api.ts';

/**
 * A Cloud Logging that holds what a fake Cloud Run wrote. It knows the one filter that is asked for: equalities joined by AND, one of
 * them negated, and a time.
 */
export function loggedReports(entries: readonly LogEntry[]): LoggingApi {
  return {
    async list({ filter }) {
      const conditions = filter.split(' AND ').map(readCondition);
      return { entries: entries.filter((entry) => conditions.every((holds) => holds(entry))) };
    },
  };
}

function readCondition(condition: string): (entry: LogEntry) => boolean {
  const [, not, path = '', comparison, value] = /^(NOT )?(\S+?)(>?=)"(.*)"$/.exec(condition) ?? [];
  if (value === undefined) throw new Error(`this log does not understand ${condition}`);
  const fields = [...path.matchAll(/"([^"]+)"|([^."]+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  return (entry) => {
    let at: unknown = entry;
    for (const field of fields) at = (at as Record<string, unknown> | undefined)?.[field];
    const holds = comparison === '=' ? at === value : String(at) >= value;
    return not ? !holds : holds;
  };
}
