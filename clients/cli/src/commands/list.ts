import { openApi } from '../open-api.ts';
import { openConnection } from '../connection.ts';
import { executionTable } from '../execution-table.ts';
import { EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { usageProblem } from '../problem.ts';
import { readStatuses } from '../statuses.ts';

/** `runvoy list`. */
export async function list(invocation: Invocation): Promise<number> {
  const { options, terminal } = invocation;
  const limit = options.text('limit');
  if (limit !== undefined && !/^\d{1,9}$/.test(limit)) throw usageProblem(`--limit takes a number; got "${limit}".`);
  const status = readStatuses(options.text('status'));
  const api = openApi(await openConnection(invocation));
  const executions = await api.list({ limit, status });
  const { stdout } = terminal;
  if (options.flag('json')) stdout.write(`${JSON.stringify(executions)}\n`);
  else if (executions.length === 0) terminal.stderr.write('no runs\n');
  else {
    const screen = stdout.isTTY ? { columns: stdout.columns || 80, nowMs: Date.now() } : undefined;
    stdout.write(`${executionTable(executions, screen).join('\n')}\n`);
  }
  return EXIT.ok;
}
