import type { ExecutionBody } from '@runvoy/protocol';
import { RunvoyApi } from '../api.ts';
import { openConnection } from '../connection.ts';
import { durationText } from '../duration.ts';
import { EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { oneLine } from '../one-line.ts';
import { usageProblem } from '../problem.ts';
import { startedText } from '../started-text.ts';
import { tableLines } from '../table.ts';

const COLUMNS = [
  { title: 'Execution ID' },
  { title: 'Status' },
  { title: 'Command', cuts: true },
  { title: 'User' },
  { title: 'Started' },
  { title: 'Duration' },
] as const;

/** `runvoy list`. */
export async function list(invocation: Invocation): Promise<number> {
  const { options, terminal } = invocation;
  const limit = options.text('limit');
  if (limit !== undefined && !/^\d{1,9}$/.test(limit)) throw usageProblem(`--limit takes a number; got "${limit}".`);
  const api = new RunvoyApi(await openConnection(invocation));
  const executions = await api.list({ limit, status: options.text('status')?.toUpperCase() });
  const { stdout } = terminal;
  if (options.flag('json')) stdout.write(`${JSON.stringify(executions)}\n`);
  else if (executions.length === 0) terminal.stderr.write('no runs\n');
  else {
    const rows = executions.map((execution) => rowOf(execution, stdout.isTTY ? Date.now() : undefined));
    stdout.write(`${tableLines(COLUMNS, rows, stdout.isTTY ? stdout.columns : undefined).join('\n')}\n`);
  }
  return EXIT.ok;
}

function rowOf(execution: ExecutionBody, nowMs: number | undefined): readonly string[] {
  const { execution_id, status, reason, waiting_for, command, created_by, started_at } = execution;
  const why = reason ?? (waiting_for === undefined ? undefined : `waiting for ${waiting_for}`);
  return [
    execution_id,
    oneLine(why === undefined ? status : `${status} (${why.replaceAll('_', ' ')})`),
    oneLine(command),
    oneLine(created_by),
    startedText(started_at, nowMs),
    tookText(execution),
  ];
}

/** The API leaves a duration of 0 s out. */
function tookText({ started_at, completed_at, duration_seconds }: ExecutionBody): string {
  if (completed_at === undefined) return '';
  return durationText(duration_seconds ? duration_seconds * 1000 : Date.parse(completed_at) - Date.parse(started_at));
}
