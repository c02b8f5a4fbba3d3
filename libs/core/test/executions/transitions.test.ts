import { expect, test } from '@jest/globals';
import { isTerminal, type ExecutionStatus } from '@runvoy/protocol';
import { nextStatus, type Verdict } from '../../src/executions/transitions.ts';
import { documentedTable, printedTable } from '../markdown-table.ts';

const STATUSES: readonly ExecutionStatus[] = ['STARTING', 'RUNNING', 'TERMINATING', 'SUCCEEDED', 'FAILED', 'STOPPED'];
const VERDICTS: readonly Verdict[] = ['bootstrapped', 'stop_requested', 'ended_ok', 'ended_failed', 'ended_stopped'];

function cell(status: ExecutionStatus, verdict: Verdict): string {
  const next = nextStatus(status, verdict);
  return next === status ? '·' : next;
}

test('every status and verdict lead where the documented matrix says', () => {
  const matrix = STATUSES.map((status) => [status, ...VERDICTS.map((verdict) => cell(status, verdict))]);
  expect(printedTable(matrix)).toBe(printedTable(documentedTable('states.md', 'status', ...VERDICTS)));
});

test('the documented statuses are the six, and say which are final', () => {
  const documented = documentedTable('states.md', 'status', 'meaning', 'final');
  expect(documented.map(([status, , final]) => [status, final])).toEqual(
    STATUSES.map((status) => [`\`${status}\``, isTerminal(status) ? 'yes' : 'no']),
  );
});

test.each(STATUSES.filter(isTerminal))('[terminal-changed] no verdict moves a run out of %s', (status) => {
  for (const verdict of VERDICTS) expect(nextStatus(status, verdict)).toBe(status);
});

test('[status-backwards] no verdict moves a run back', () => {
  const rank = (status: ExecutionStatus) => Math.min(STATUSES.indexOf(status), 3);
  for (const status of STATUSES) {
    for (const verdict of VERDICTS) expect(rank(nextStatus(status, verdict))).toBeGreaterThanOrEqual(rank(status));
  }
});
