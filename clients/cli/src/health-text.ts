import type { HealthIssue, HealthReport } from '@runvoy/protocol';
import { counted, grouped, wholeSecondsText } from '@runvoy/sdk/texts';
import { oneLine } from './one-line.ts';
import { startedText } from './started-text.ts';
import { tableLines, type Column } from './table.ts';

const ID: Column = { title: 'Resource', cuts: { turn: 1, least: 16 } };
const WHY: Column = { title: 'Why', cuts: { turn: 1, least: 24 } };

/** A report for a person: what was looked at, what is wrong, what is not known. `columns`: of the terminal; uncut without. */
export function healthLines(
  report: HealthReport,
  screen?: { readonly columns: number; readonly nowMs: number },
): string[] {
  const { issues, error_count, reconciled_count, unchecked, timestamp, trigger } = report;
  const warnings = issues.filter(({ severity }) => severity === 'warning').length;
  const made = trigger === 'schedule' ? 'scheduled' : 'made now';
  const lines = [
    `${counted(error_count, 'error')}, ${counted(warnings, 'warning')}, ${grouped(reconciled_count)} repaired · ${made} · ${startedText(timestamp, screen?.nowMs)}`,
    '',
    ...tableLines(
      [{ title: 'Checked' }, { title: 'Found', cuts: { turn: 1, least: 30 } }],
      found(report),
      screen?.columns,
    ),
  ];
  if (issues.length > 0) lines.push('', ...issueLines(issues, screen?.columns));
  if (unchecked.length > 0) {
    const rows = unchecked.map(({ what, why }) => [oneLine(what), oneLine(why)]);
    lines.push('', ...tableLines([{ title: 'Not checked' }, WHY], rows, screen?.columns));
  }
  return lines;
}

/** The message stands below its row, whole: cut to a column it would say nothing. */
function issueLines(issues: readonly HealthIssue[], columns?: number): readonly string[] {
  const rows = issues.map(({ severity, resource_type, resource_id, action }) => [
    severity,
    resource_type,
    oneLine(resource_id),
    action.replaceAll('_', ' '),
  ]);
  const [head = '', ...table] = tableLines(
    [{ title: 'Severity' }, { title: 'Kind' }, ID, { title: 'Done' }],
    rows,
    columns,
  );
  return [head, ...table.flatMap((row, at) => [row, `  ${oneLine(issues[at]?.message ?? '')}`])];
}

function found(report: HealthReport): readonly (readonly string[])[] {
  const { compute_status, secrets_status, identity_status, authorizer_status, runs_status, sweep_status } = report;
  const { ticks_status, topics_status, dead_letters_status, log_lanes_status } = report;
  const { fast, safety } = log_lanes_status;
  const swept = `${grouped(sweep_status.listed)} listed, ${grouped(sweep_status.looked)} looked at`;
  return [
    [
      'compute',
      `${ofAll(compute_status.verified_count, compute_status.total_resources)}, ${grouped(compute_status.orphaned_count)} orphaned`,
    ],
    ['secrets', `${ofAll(secrets_status.verified_count, secrets_status.total_secrets)} can be opened`],
    [
      'identity',
      `${ofAll(identity_status.custom_roles_verified, identity_status.custom_roles_total)} as they should be`,
    ],
    [
      'access',
      `${counted(authorizer_status.total_users_checked, 'user')}, ${grouped(authorizer_status.total_resources_checked)} owned things`,
    ],
    ['runs', `${grouped(runs_status.unfinished)} unfinished, ${grouped(runs_status.stuck.length)} stuck`],
    ['sweep', sweep_status.complete ? swept : `${swept}; goes on next time`],
    ['ticks', `last tick ${ago(ticks_status.tick_age_seconds)}, ${before(ticks_status.sweep_age_seconds)}`],
    ['topics', `${counted(topics_status.waiting_events, 'event')} waiting`],
    ['dead letters', dead_letters_status.count === null ? 'not counted' : grouped(dead_letters_status.count)],
    ['log lanes', `fast ${took(fast.lag_ms)}, safety ${took(safety.lag_ms)}`],
  ];
}

const ofAll = (good: number, all: number) => `${grouped(good)} of ${grouped(all)}`;
const ago = (seconds: number | null) => (seconds === null ? 'never' : `${wholeSecondsText(seconds)} ago`);
/** The report belongs to a reconcile itself. */
const before = (seconds: number | null) =>
  seconds === null ? 'no reconcile before this one' : `the reconcile before this one ${ago(seconds)}`;
const took = (ms: number | null) => (ms === null ? 'not measured' : `${grouped(ms)} ms`);
