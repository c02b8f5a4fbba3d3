import type { EndEvent } from '@runvoy/sdk/follow';
import { exitCodeOf, type RunOutcome } from './run-outcome.ts';

/** The last object that `--json` prints of a run's log. */
export function endFrame(
  id: string,
  end: Pick<EndEvent, 'lines' | 'sha256' | 'completeness' | 'verdict'>,
  outcome: RunOutcome,
) {
  const { status, reason, duration_ms, isolation, log } = outcome;
  const { lines, sha256, completeness, verdict } = end;
  return {
    type: 'end',
    execution_id: id,
    status,
    exit_code: exitCodeOf(outcome),
    reason,
    duration_ms,
    lines,
    sha256,
    completeness,
    verified: verdict === 'verified',
    isolation,
    maskings: log?.maskings,
    unmasked: log?.unmasked,
  };
}
