import {
  HAS_OWN_EXIT_CODE,
  type CancelBody,
  type ExecutionStatus,
  type LogSummaryBody,
  type Reason,
} from '@runvoy/protocol';
import type { EndEvent } from '@runvoy/sdk/follow';
import { EXIT } from './exit-code.ts';

/** How a run ended, as the server says. */
export interface RunOutcome {
  readonly status: ExecutionStatus;
  readonly reason?: string | undefined;
  readonly reason_text?: string | undefined;
  readonly exit_code?: number | null | undefined;
  readonly cancel?: CancelBody | undefined;
  readonly duration_ms?: number | undefined;
  readonly isolation?: string | undefined;
  readonly log?: Pick<LogSummaryBody, 'maskings' | 'unmasked'> | undefined;
}

/** The exit code of `runvoy run` for a run that has ended. */
export function exitCodeOf({ status, reason, exit_code }: RunOutcome): number {
  if (status === 'SUCCEEDED') return exit_code ?? EXIT.ok;
  if (status === 'STOPPED') return EXIT.stopped;
  if (status !== 'FAILED') return EXIT.unknown;
  if (reason === 'timeout') return EXIT.timeout;
  if (reason !== undefined && isWithoutOwnCode(reason)) return EXIT.unknown;
  // A failure with code 0 would tell a script that all went well.
  return exit_code ? exit_code : EXIT.unknown;
}

/** How a followed run ended: as the server says, else as its last frame did. */
export function outcomeOf({ run, last }: Pick<EndEvent, 'run' | 'last'>): RunOutcome {
  return run ?? last ?? { status: 'RUNNING' };
}

/** A newer server may know words that we do not; then its code is taken for what it is. */
function isWithoutOwnCode(reason: string): boolean {
  return Object.hasOwn(HAS_OWN_EXIT_CODE, reason) && !HAS_OWN_EXIT_CODE[reason as Reason];
}
