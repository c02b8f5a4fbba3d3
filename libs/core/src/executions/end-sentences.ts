import type { PlatformEnd } from '../jobs/job-runner.ts';
import type { Report } from './execution.ts';
import { reasonTextOf } from './reason-texts.ts';

/** How the runner says that the command ended, as a clause. */
export function reportClause(report: Report): string {
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
