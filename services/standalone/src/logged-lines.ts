import { createReadStream, existsSync } from 'node:fs';
import type { TraceEventBody } from '@runvoy/protocol';
import { jsonLines } from '@runvoy/protocol/json-lines';

/** A request that failed logs a line or two; more is a loop, and says nothing new. */
const LINES_SHOWN = 100;

/**
 * What a server has logged with the id of this request, oldest first, at most 100 lines: severity, message, and what its error says,
 * without its stack. `path` as `openLogFile` has it; what was put aside is read, too. Memory stays flat.
 */
export async function loggedLines(path: string, requestId: string): Promise<readonly TraceEventBody[]> {
  const found: TraceEventBody[] = [];
  for (const file of [`${path}.1`, path]) {
    if (!existsSync(file)) continue;
    for await (const line of jsonLines(createReadStream(file))) {
      // Most lines are of no request at all; parsing costs more than looking.
      const entry = line.includes(requestId) ? entryOf(line) : undefined;
      if (entry?.['request_id'] !== requestId) continue;
      found.push(traceEvent(entry, found.length));
      if (found.length === LINES_SHOWN) return found;
    }
  }
  return found;
}

/** A line that was cut by a full disk is none. */
function entryOf(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

function traceEvent(entry: Readonly<Record<string, unknown>>, at: number): TraceEventBody {
  const { severity, message, time, error } = entry as Readonly<Record<string, string | undefined>>;
  return {
    event_id: `log-${String(at).padStart(4, '0')}`,
    timestamp: Date.parse(time ?? '') || 0,
    message: `${severity} ${message}${error === undefined ? '' : `: ${withoutStack(error)}`}`,
  };
}

/** Where in our code it was thrown is for who has the file. */
function withoutStack(error: string): string {
  return error
    .split('\n')
    .filter((line) => !/^\s+at /.test(line))
    .join(' ');
}
