import { expect, test } from '@jest/globals';
import { HEALTH_CHECKS, healthIssue } from '../../src/health/health-checks.ts';
import { documentedTable, printedTable } from '../markdown-table.ts';

test('docs/health.md has the row of every kind of issue, word for word, and no other', () => {
  const documented = documentedTable('health.md', 'check', '`resource_type`');
  const rows = Object.entries(HEALTH_CHECKS).map(([name, { resource_type, severity, action, means, advice }]) => [
    `\`${name}\``,
    `\`${resource_type}\``,
    severity,
    `\`${action}\``,
    means,
    advice,
  ]);
  expect(printedTable(documented)).toBe(printedTable(rows));
});

test('an issue says what it means and what was seen, and what was done may differ from the table', () => {
  expect(healthIssue('job_differs', 'rv-a')).toEqual({
    resource_type: 'cloud_run_job',
    resource_id: 'rv-a',
    severity: 'warning',
    message: HEALTH_CHECKS.job_differs.means,
    action: 'recreated',
  });
  expect(healthIssue('job_differs', 'rv-a', 'Not now.', 'reported')).toMatchObject({
    message: `${HEALTH_CHECKS.job_differs.means} Not now.`,
    action: 'reported',
  });
});
