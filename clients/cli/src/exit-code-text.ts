import { exitCodeOf, type RunOutcome } from './run-outcome.ts';

/** A stored exit code for a person. Where it is not the command's own, `runvoy run` exits with another, and both are told. */
export function exitCodeText(outcome: RunOutcome, stored: number): string {
  const code = exitCodeOf(outcome);
  return code === stored ? String(code) : `${stored}, not its command's own: runvoy run exits with ${code}`;
}
