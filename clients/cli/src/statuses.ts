import type { ExecutionStatus } from '@runvoy/protocol';
import { usageProblem } from './problem.ts';

// A record, so that a status of the protocol that is missing here does not compile.
const STATUSES: Readonly<Record<ExecutionStatus, true>> = {
  STARTING: true,
  RUNNING: true,
  TERMINATING: true,
  SUCCEEDED: true,
  FAILED: true,
  STOPPED: true,
};

/** `--status failed,stopped` as the API takes it. One that does not exist is refused before anything is asked. */
export function readStatuses(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const names = text.split(',').map((name) => name.trim().toUpperCase());
  const unknown = names.find((name) => !Object.hasOwn(STATUSES, name));
  if (unknown === undefined) return names.join(',');
  const known = Object.keys(STATUSES).join(', ').toLowerCase();
  throw usageProblem(`--status takes ${known}, several separated by commas; got "${text}".`);
}
