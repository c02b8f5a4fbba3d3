import { isTerminal } from '@runvoy/protocol';
import { hashToken, newToken, type RandomBytes } from '../access/tokens.ts';
import type { JobRunner, StartOrder } from '../jobs/job-runner.ts';
import type { Evidence } from './evidence.ts';
import type { Attempt, Execution, Stop } from './execution.ts';
import { lastSign } from './record-heartbeat.ts';
import { isSilent, type SilenceDeps } from './silence.ts';
import { startOrder } from './start-order.ts';
import { isUnwanted, type StartTimeout } from './start-timeout.ts';
import { elapsedSince } from '../time/elapsed.ts';

/**
 * How long a start may take once a stop is stored: whatever still begins is told to stop and never gets the command. The tick that finds it
 * over may come a minute later and take some seconds, and all of that is to stay within 120 s.
 */
export const STOPPED_START_DEADLINE_MS = 45_000;
const ATTEMPTS_MAX = 3;

export interface AbsenceDeps extends SilenceDeps, StartTimeout {
  readonly random: RandomBytes;
  readonly jobs: Pick<JobRunner, 'nameOf'>;
}

/** What the platform's not knowing an attempt amounts to, and the start it calls for. */
export interface Absence {
  readonly evidence: Evidence;
  readonly order?: StartOrder;
}

/** A start that provably never was is made again, with a number and a token of its own; one that may still come is waited for. */
export async function judgeAbsence(
  deps: AbsenceDeps,
  execution: Execution,
  attempt: Attempt,
  never: boolean,
): Promise<Absence | undefined> {
  const { bound, stop, attempts } = execution.facts;
  const isLast = attempts.at(-1)?.attempt === attempt.attempt;
  const isWanted = !bound && !isUnwanted(execution.facts) && !isTerminal(execution.status);
  if (never && isWanted && isLast && attempts.length < ATTEMPTS_MAX) {
    const number = attempt.attempt + 1;
    const token = newToken(deps.random);
    const platform_execution = deps.jobs.nameOf?.({ execution_id: execution.execution_id, attempt: number });
    return {
      evidence: {
        kind: 'attempt_made',
        attempt: number,
        token_hash: hashToken(token),
        at_ms: deps.clock.now(),
        ...(platform_execution === undefined ? {} : { platform_execution }),
        replaces: {
          attempt: attempt.attempt,
          reason: 'never_started',
          details: 'the order was lost before it was carried out',
        },
      },
      order: startOrder(execution, number, token),
    };
  }
  if (!never && !isGivenUp(deps, attempt, stop)) return undefined;
  const reason = never ? 'never_started' : 'start_timeout';
  const details = never ? 'nothing was started' : `the platform knows nothing of it`;
  if (bound?.attempt === attempt.attempt) {
    // A platform that has lost sight of a runner we still hear is wrong about it.
    if (!(await isSilent(deps, execution))) return undefined;
    // It ran once, and the platform has forgotten it: the end is certain, only its time is not.
    const platform_execution = bound.platform_execution ?? '';
    return {
      evidence: {
        kind: 'platform_ended',
        attempt: attempt.attempt,
        end: {
          platform_execution,
          at_ms: lastSign(execution, deps.clock.now()),
          kind: 'exited',
          reason: 'lost',
          details,
        },
      },
    };
  }
  return { evidence: { kind: 'start_rejected', attempt: attempt.attempt, reason, details } };
}

/** The time in which a start may still come is over; a stop shortens it. */
function isGivenUp(deps: AbsenceDeps, attempt: Attempt, stop: Stop | undefined): boolean {
  if (elapsedSince(deps, attempt.made_at_ms) >= deps.startTimeoutMs) return true;
  return stop !== undefined && elapsedSince(deps, stop.requested_at_ms) >= STOPPED_START_DEADLINE_MS;
}
