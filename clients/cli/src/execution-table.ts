import type { ExecutionBody } from '@runvoy/protocol';
import { wholeSecondsText, whyText, withPlace } from '@runvoy/sdk/texts';
import { oneLine } from './one-line.ts';
import { shortStartedText, startedText } from './started-text.ts';
import { leastWidth, tableLines, type Column } from './table.ts';

interface Shown extends Column {
  readonly cell: (execution: ExecutionBody, nowMs: number | undefined) => string;
}

const ID: Shown = { title: 'Execution ID', cell: ({ execution_id }) => oneLine(execution_id) };
const STATUS: Shown = { title: 'Status', cell: statusText };
const COMMAND: Shown = {
  title: 'Command',
  cuts: { turn: 1, least: 12 },
  cell: ({ command }) => oneLine(command),
};
const USER: Shown = { title: 'User', cell: ({ created_by }) => oneLine(created_by) };
const STARTED: Shown = { title: 'Started', cell: ({ started_at }, nowMs) => startedText(started_at, nowMs) };
const SHORT_STARTED: Shown = {
  title: 'Started',
  cell: ({ started_at }, nowMs) => shortStartedText(started_at, nowMs ?? 0),
};
const DURATION: Shown = { title: 'Duration', cell: tookText };
const CUT_STATUS: Shown = { ...STATUS, cuts: { turn: 2, least: 11 } };
const CUT_COMMAND: Shown = { ...COMMAND, cuts: { turn: 1, least: 8 } };

/** From the widest to the narrowest. An id is never cut: it is there to be copied. */
const LAYOUTS: readonly [widest: readonly Shown[], ...narrower: (readonly Shown[])[]] = [
  [ID, STATUS, COMMAND, USER, STARTED, DURATION],
  [ID, STATUS, COMMAND, USER, SHORT_STARTED, DURATION],
  [ID, STATUS, COMMAND, SHORT_STARTED, DURATION],
  [ID, CUT_STATUS, CUT_COMMAND, SHORT_STARTED, DURATION],
  [ID, CUT_STATUS, CUT_COMMAND, SHORT_STARTED],
  [ID, CUT_STATUS, CUT_COMMAND],
  [ID, CUT_STATUS],
];

/** Runs as a table. `terminal`: for a person who looks now, on lines that do not wrap; otherwise everything, uncut, in UTC. */
export function executionTable(
  executions: readonly ExecutionBody[],
  terminal?: { readonly columns: number; readonly nowMs: number },
): readonly string[] {
  const rowsOf = (layout: readonly Shown[]) =>
    executions.map((execution) => layout.map(({ cell }) => cell(execution, terminal?.nowMs)));
  const fits = (layout: readonly Shown[]) => !terminal || leastWidth(layout, rowsOf(layout)) <= terminal.columns;
  const layout = LAYOUTS.find(fits) ?? LAYOUTS.at(-1) ?? LAYOUTS[0];
  return tableLines(layout, rowsOf(layout), terminal?.columns);
}

function statusText(execution: ExecutionBody): string {
  const { status, queue } = execution;
  // A list has no room for the limit.
  const why = withPlace(whyText(execution), queue && `place ${queue.place}`);
  return oneLine(why === undefined ? status : `${status} (${why})`);
}

/** Lists carry whole seconds; a duration of 0 s may be left out. */
function tookText({ started_at, completed_at, duration_seconds }: ExecutionBody): string {
  if (completed_at === undefined) return '';
  const seconds = duration_seconds ?? Math.round((Date.parse(completed_at) - Date.parse(started_at)) / 1000);
  return wholeSecondsText(seconds);
}
