import { isTerminal, type BootstrapRequest } from '@runvoy/protocol';
import { hashToken, sameHash } from '../access/tokens.ts';
import { Failure } from '../failure.ts';
import type { Millis } from '../time/clock.ts';
import { advance } from './advance.ts';
import type { Attempt, Execution } from './execution.ts';
import { isUnwanted } from './start-timeout.ts';
import { noteTrail } from './trail.ts';

/** By now a platform shows what it made of a start, however late its lists are. */
export const SHOWN_WITHIN_MS = 120_000;

/** What was decided, and the execution as it becomes; answered or refused after that is stored. */
export type BootstrapDecision = { readonly after: Execution } & (
  | { readonly kind: 'start' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'refuse'; readonly failure: Failure; readonly cancel?: Attempt }
  /** Nothing speaks against it so far; the platform has to say which execution this attempt is. */
  | { readonly kind: 'identify'; readonly attempt: Attempt }
);

/** Who asks for a run, and what is known of it. */
export interface Asking {
  readonly request: BootstrapRequest;
  /** Whether who asks is the account that the execution's job runs as. */
  readonly isItsJob: (execution: Execution) => boolean;
  /** The platform can be asked which execution an attempt is. */
  readonly mayIdentify: boolean;
  /** What it said; a `name` of undefined: it shows none. */
  readonly identity?: {
    readonly name: string | undefined;
    /** Since when the clock has not jumped: what was before that may be younger than it looks. */
    readonly evenSinceMs?: Millis;
  };
}

/** Pure: what becomes of a runner that asks for this run. `hasInput`: the run's sealed values are stored, as far as it has some. */
export function decideBootstrap(
  execution: Execution,
  hasInput: boolean,
  nowMs: Millis,
  { request, isItsJob, mayIdentify, identity }: Asking,
): BootstrapDecision {
  const refuse = (why: string) => refusal(execution, why);
  const attempt = execution.facts.attempts.find((known) => known.attempt === request.attempt);
  // The token is checked before anything else is told, so that a stranger learns nothing about the run.
  if (!attempt || !sameHash(attempt.token_hash, hashToken(request.token))) {
    return refuse('its secret is not the one of this start');
  }
  if (!isItsJob(execution)) return refuse('the caller is not the account that this run’s job runs as');
  if (isTerminal(execution.status)) {
    return { kind: 'refuse', after: execution, failure: new Failure('EXECUTION_ENDED', execution.execution_id) };
  }
  const { bound, conflict: known } = execution.facts;
  // The run is lost: nobody starts its command any more.
  if (known) return { ...refuse(known.details), cancel: attempt };
  if (bound && bound.attempt !== attempt.attempt) {
    const why = 'another start of this run has the command';
    const note = { at_ms: nowMs, kind: 'refused', attempt: attempt.attempt, about: why } as const;
    return { ...refuse(why), after: noteTrail(execution, note), cancel: attempt };
  }
  const nonceHash = hashToken(request.nonce);
  if (bound && !sameHash(bound.nonce_hash, nonceHash)) {
    return conflict(execution, attempt, nowMs, 'a second runner showed the secret that the first one had used');
  }
  // A runner that does not name itself claims nothing that could be wrong: no false alarm about an honest one.
  const named = request.platform_execution || undefined;
  const knownAs = attempt.platform_execution ?? identity?.name;
  if (knownAs !== undefined && named !== undefined && knownAs !== named) {
    return conflict(execution, attempt, nowMs, NOT_THE_ONE);
  }
  if (isUnwanted(execution.facts)) {
    return { kind: 'stop', after: advance(execution, { kind: 'told_to_stop', attempt: attempt.attempt }) };
  }
  if (!hasInput) return refuse('its input is gone');
  if (knownAs === undefined && mayIdentify && !bound) {
    const isOverdue = identity && nowMs >= Math.max(attempt.made_at_ms, identity.evenSinceMs ?? 0) + SHOWN_WITHIN_MS;
    return isOverdue
      ? conflict(execution, attempt, nowMs, NOT_THE_ONE)
      : { kind: 'identify', after: execution, attempt };
  }
  const platform_execution = knownAs ?? named;
  const after = advance(execution, {
    kind: 'bootstrapped',
    attempt: attempt.attempt,
    nonce_hash: nonceHash,
    ...(platform_execution === undefined ? {} : { platform_execution }),
    at_ms: nowMs,
  });
  return { kind: 'start', after };
}

const NOT_THE_ONE = 'the runner is not the one that the platform has started for this run';

function refusal(execution: Execution, why: string): Extract<BootstrapDecision, { kind: 'refuse' }> {
  return { kind: 'refuse', after: execution, failure: new Failure('BOOTSTRAP_REFUSED', why) };
}

/** Nobody can tell which of the two is the real one: the run ends. */
function conflict(execution: Execution, attempt: Attempt, nowMs: Millis, details: string): BootstrapDecision {
  const after = advance(execution, { kind: 'bootstrap_conflict', details, at_ms: nowMs });
  return { ...refusal(after, details), cancel: attempt };
}
