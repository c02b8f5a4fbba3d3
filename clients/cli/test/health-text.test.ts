import { expect, test } from '@jest/globals';
import type { HealthReport } from '@runvoy/protocol';
import { displayWidth } from '../src/display-width.ts';
import { healthLines } from '../src/health-text.ts';
import { REPORT } from './sample-report.ts';

const issue: HealthReport['issues'][number] = {
  resource_type: 'cloud_run_job',
  resource_id: 'rv-aaaaaaaaaaaaaaaaaaaa',
  severity: 'warning',
  message: 'The Job of an image profile was not as runvoy writes it, and was written again.',
  action: 'recreated',
};

test('a report without an issue says what was looked at, and no table of issues follows', () => {
  const text = healthLines(REPORT).join('\n');
  expect(text).toContain('0 errors, 0 warnings, 0 repaired · scheduled ·');
  expect(text).toContain('compute       3 of 3, 0 orphaned');
  expect(text).toContain('ticks         last tick 12 s ago, no reconcile before this one');
  expect(text).toContain('log lanes     fast 40 ms, safety not measured');
  expect(text).not.toContain('Severity');
});

test('every issue has its message whole below its row, and nothing in it that a terminal obeys', () => {
  const report = { ...REPORT, issues: [{ ...issue, message: `${issue.message}\u001b[2J\nend` }] };
  const lines = healthLines(report, { columns: 60, nowMs: Date.parse(REPORT.timestamp) });
  const row = lines.findIndex((line) => line.startsWith('warning'));
  expect(lines[row]).toContain('recreated');
  expect(lines[row + 1]).toBe(`  ${issue.message}[2J end`);
});

test('what was not checked is listed with the reason', () => {
  const unchecked = [{ what: 'job accounts', why: 'This service may not.' }];
  expect(healthLines({ ...REPORT, unchecked }).slice(-2)).toEqual([
    'Not checked   Why',
    'job accounts  This service may not.',
  ]);
});

test.each([120, 80, 60])('on %d columns no row of a table wraps', (columns) => {
  const report = {
    ...REPORT,
    issues: [issue, { ...issue, resource_id: 'x'.repeat(200) }],
    unchecked: [{ what: 'job accounts', why: 'y'.repeat(200) }],
  };
  for (const line of healthLines(report, { columns, nowMs: Date.parse(REPORT.timestamp) })) {
    if (!line.startsWith('  ')) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
  }
});
