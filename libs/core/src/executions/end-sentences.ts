import type { EndCause } from '@runvoy/protocol';
import type { PlatformEnd } from '../jobs/job-runner.ts';
import type { Report } from './execution.ts';
import { reasonTextOf } from './reason-texts.ts';

/** Whether the runner started the command: one that it never started has neither an exit code nor a signal. */
export function hasBegun({ cause, reason, exit_code, signal }: Report): boolean {
  return reason === undefined && (cause === 'exited' || exit_code !== undefined || signal !== undefined);
}

/** How the runner says that the command ended, as a clause. */
export function reportClause(report: Report): string {
  return report.cause === 'exited' || hasBegun(report)
    ? endOf(report)
    : `the command was never started: ${BEFORE_IT[report.cause]}`;
}

/** What came before a command that was to be started. */
const BEFORE_IT: Readonly<Record<Exclude<EndCause, 'exited'>, string>> = {
  stop: 'the run was asked to stop before',
  timeout: 'its time limit was over before',
  output_limit: 'what was done before it had printed more than it may',
  terminated: 'a signal from outside that runvoy had not announced came before',
};

function endOf(report: Report): string {
  switch (report.cause) {
    case 'stop':
      return 'the command ended after it was asked to stop';
    case 'timeout':
      return 'the command was ended because its time limit was over';
    case 'output_limit':
      return 'the command was ended because it printed more than it may';
    case 'terminated':
      return 'the command was ended by a signal from outside that runvoy had not announced';
    case 'exited':
      return exitClause(report);
  }
}

function exitClause({ reason, details, exit_code, signal }: Report): string {
  if (reason !== undefined) return `the command was never started: ${reasonTextOf(reason).summary}${said(details)}`;
  if (exit_code === undefined && signal !== undefined) return `the command was ended by the signal ${signal}`;
  return `the command ended by itself with exit code ${exit_code ?? 1}`;
}

/** How the platform says that it ended, as a clause. */
export function endClause({ kind, reason, details }: PlatformEnd): string {
  const why = reason === undefined ? '' : `: ${reasonTextOf(reason).summary}`;
  return `${END_KINDS[kind]}${why}${said(details)}`;
}

const END_KINDS: Readonly<Record<PlatformEnd['kind'], string>> = {
  exited: 'it ended',
  cancelled: 'it was cancelled',
  never_started: 'it never began',
};

/** Somebody's own words, behind a clause. */
export function said(details: string | undefined): string {
  return details === undefined || details === '' ? '' : ` ("${details}")`;
}

/** Who runs the containers, at the beginning of a sentence. */
export function platformName(cloud: string): string {
  return cloud === 'GCP' ? 'Cloud Run' : 'The platform';
}

/** The same within one. */
export function platformNameWithin(cloud: string): string {
  return cloud === 'GCP' ? 'Cloud Run' : 'the platform';
}
