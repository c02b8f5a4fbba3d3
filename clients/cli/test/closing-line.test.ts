import { expect, test } from '@jest/globals';
import { closingLine } from '../src/closing-line.ts';
import { LogTally, type LogEnd } from '@runvoy/sdk/follow';
import { logVerdictText } from '../src/log-verdict-text.ts';
import { exitCodeText } from '../src/exit-code-text.ts';
import { exitCodeOf, type RunOutcome } from '../src/run-outcome.ts';

const base = { duration_ms: 3_200, isolation: 'process' };
const cancel = { requested: '2030-01-01T00:00:00.000Z', confirmed: '2030-01-01T00:00:10.400Z' };

test.each<[RunOutcome, number, string]>([
  [{ ...base, status: 'SUCCEEDED', exit_code: 0 }, 0, 'succeeded · exit 0 · 3.2 s · LOG · isolation process · LINK'],
  [{ ...base, status: 'FAILED', exit_code: 3 }, 3, 'failed · exit 3 · 3.2 s · LOG · isolation process · LINK'],
  [
    { ...base, status: 'FAILED', exit_code: 124, reason: 'timeout' },
    124,
    'failed · timeout · exit 124 · 3.2 s · LOG · isolation process · LINK',
  ],
  [
    { ...base, status: 'FAILED', exit_code: 1, reason: 'lost' },
    125,
    'failed · lost · exit 125 · 3.2 s · LOG · isolation process · LINK',
  ],
  [
    { ...base, status: 'FAILED', exit_code: 124, reason: 'timeout', reason_text: 'its time limit was over' },
    124,
    'failed · its time limit was over · exit 124 · 3.2 s · LOG · isolation process · LINK',
  ],
  [
    { ...base, status: 'FAILED', exit_code: 3, reason_text: 'its command ended with exit code 3' },
    3,
    'failed · exit 3 · 3.2 s · LOG · isolation process · LINK',
  ],
  [
    { ...base, status: 'SUCCEEDED', exit_code: 0, log: { maskings: 3, unmasked: ['PIN'] } },
    0,
    'succeeded · exit 0 · 3.2 s · LOG · 3 secrets masked, PIN too short to be masked · isolation process · LINK',
  ],
  [
    { ...base, status: 'STOPPED', exit_code: 130, cancel },
    130,
    'stopped · exit 130 · 3.2 s · confirmed gone 10.4 s · LOG · isolation process · LINK',
  ],
])('%j exits with %d', (outcome, code, line) => {
  expect(exitCodeOf(outcome)).toBe(code);
  expect(closingLine(outcome, 'LOG', 'LINK')).toBe(line);
});

test.each([
  ...[
    'lost',
    'restored',
    'queue_timeout',
    'start_timeout',
    'never_started',
    'image_unusable',
    'quota',
    'out_of_memory',
  ].map((reason) => [reason, 125] as const),
  ['git_clone', 125],
  ['terminated', 143],
  ['output_limit', 143],
  ['timeout', 124],
  ['a_word_of_a_newer_server', 143],
])('a run that failed with reason %s exits with %d', (reason, code) => {
  expect(exitCodeOf({ status: 'FAILED', exit_code: reason === 'git_clone' ? 128 : 143, reason })).toBe(code);
});

test('a failure never exits with 0, and a run without an end is unknown', () => {
  expect(exitCodeOf({ status: 'FAILED', exit_code: 0 })).toBe(125);
  expect(exitCodeOf({ status: 'RUNNING' })).toBe(125);
});

test('a code that is not the command’s own is told with the one that a script gets', () => {
  expect(exitCodeText({ status: 'FAILED', exit_code: 3 }, 3)).toBe('3');
  const unfetched = { status: 'FAILED', exit_code: 1, reason: 'image_pull' } as const;
  expect(exitCodeText(unfetched, 1)).toBe("1, not its command's own: runvoy run exits with 125");
});

const line = (seq: number) => ({ seq, stream: 'stdout' as const, ms: 0, text: 'x' });
const end = (more: Partial<LogEnd>): LogEnd => ({ lines: 3, sha256: null, completeness: 'complete', ...more });

test.each<[string, LogEnd]>([
  ['3 lines, complete', end({})],
  ['3 lines, NOT verified: their SHA-256 is not the one the runner stated', end({ sha256: '00' })],
  ['1,204 lines, NOT complete: missing 4-1204', end({ lines: 1_204, completeness: 'gaps' })],
  ['3 lines, unproven: no runner stated the end of the log', end({ completeness: 'unproven' })],
  [
    '3 lines, NOT verified: their SHA-256 is not the one the runner stated',
    end({ completeness: 'unproven', sha256: '00' }),
  ],
])('%s', (text, stated) => {
  const tally = new LogTally();
  tally.take([line(1), line(2), line(3)]);
  expect(logVerdictText(tally, stated)).toBe(text);
});

test('a log that is shorter than where it was to begin is no false one', () => {
  const tally = new LogTally(9_999);
  expect(logVerdictText(tally, end({ lines: 5, sha256: '00' }))).toBe('the log has only 5 lines');
  tally.take([{ ...line(10_000) }]);
  expect(tally.judge(end({ lines: 5, sha256: '00' }))).toBe('mismatch');
});

test('lines that come twice count once, and lines that do not follow are not taken', () => {
  const tally = new LogTally();
  tally.take([line(1), line(2)]);
  expect(tally.take([line(1), line(2), line(3)]).fresh).toEqual([line(3)]);
  expect(tally.take([line(5)])).toEqual({ fresh: [], isWhole: false });
  expect(tally.cursor).toBe(3);
  expect(tally.skip(4)).toEqual({ from: 4, to: 4 });
  expect(tally.take([line(5)]).fresh).toEqual([line(5)]);
});
