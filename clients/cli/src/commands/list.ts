import type { ExecutionBody } from '@runvoy/protocol';
import type { ListQuery, RunvoyClient } from '@runvoy/sdk/client';
import { openConnection } from '../connection.ts';
import { executionTable } from '../execution-table.ts';
import { EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { openApi } from '../open-api.ts';
import { usageProblem } from '../problem.ts';
import { readMoment } from '../read-moment.ts';
import { readPair } from '../run-request.ts';
import { readStatuses } from '../statuses.ts';

const USUAL_LIMIT = 10;

/** `runvoy list`. */
export async function list(invocation: Invocation): Promise<number> {
  const { options, terminal } = invocation;
  const query = readQuery(invocation);
  const api = openApi(await openConnection(invocation));
  const { executions, next } = await readRuns(api, query);
  const { stdout, stderr } = terminal;
  if (options.flag('json')) stdout.write(`${JSON.stringify(executions)}\n`);
  else if (executions.length === 0) stderr.write('no runs\n');
  else {
    const screen = stdout.isTTY ? { columns: stdout.columns || 80, nowMs: Date.now() } : undefined;
    stdout.write(`${executionTable(executions, screen).join('\n')}\n`);
  }
  if (next !== undefined) stderr.write(`older ones: --cursor ${next}\n`);
  return EXIT.ok;
}

function readQuery({ options }: Pick<Invocation, 'options'>): ListQuery {
  const limit = options.text('limit');
  if (limit !== undefined && !/^\d{1,9}$/.test(limit))
    throw usageProblem(`--limit takes a whole number, 0 or more; got "${limit}".`);
  const labels = options.texts('label');
  for (const label of labels) readPair(label, '--label');
  const nowMs = Date.now();
  return {
    limit,
    status: readStatuses(options.text('status')),
    image: options.text('image'),
    labels,
    user: options.text('user'),
    since: readMoment(options.text('since'), '--since', nowMs),
    until: readMoment(options.text('until'), '--until', nowMs),
    cursor: options.text('cursor'),
  };
}

/** A server looks through so many runs for one page, and a page may be short: the list goes on until it has what was asked for. */
async function readRuns(api: RunvoyClient, query: ListQuery) {
  const wanted = Number(query.limit ?? USUAL_LIMIT) || Infinity;
  const executions: ExecutionBody[] = [];
  let cursor = query.cursor;
  for (;;) {
    const left = wanted - executions.length;
    const limit = executions.length === 0 ? query.limit : String(left);
    const page = await api.listPage({ ...query, limit, cursor });
    executions.push(...page.executions);
    cursor = page.next;
    if (cursor === undefined || executions.length >= wanted) return { executions, next: cursor };
  }
}
