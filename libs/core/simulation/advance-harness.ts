import { isTerminal } from '@runvoy/protocol';
import { advance } from '../src/executions/advance.ts';
import type { Evidence } from '../src/executions/evidence.ts';
import type { Execution, Report } from '../src/executions/execution.ts';
import { draw } from './choices.ts';

const RANK = { STARTING: 0, RUNNING: 1, TERMINATING: 2, SUCCEEDED: 3, FAILED: 3, STOPPED: 3 } as const;

/** What went wrong in one case, and the evidence that led there. */
export interface AdvanceFault {
  readonly seed: number;
  readonly what: string;
  readonly evidence: readonly Evidence[];
}

/**
 * The decision alone: any evidence, true or not, in any order and repetition. Whatever comes, a status only climbs, a terminal run is
 * the same object for ever, nothing given is changed, evidence that was taken in adds nothing when it comes again, and nobody is
 * stopped who was not asked to. Returns the shortest case that breaks one of these.
 */
export function tryAdvance(fromSeed: number, cases: number): AdvanceFault | undefined {
  for (let seed = fromSeed; seed < fromSeed + cases; seed += 1) {
    // Every third run waits for a slot first.
    const tried = { evidence: someEvidence(seed), isQueued: seed % 3 === 0 };
    const what = faultOf(tried);
    if (what !== undefined) return { seed, what, evidence: shortened(tried, what).evidence };
  }
  return undefined;
}

interface Case {
  readonly evidence: readonly Evidence[];
  readonly isQueued: boolean;
}

function shortened(tried: Case, what: string): Case {
  for (let index = 0; index < tried.evidence.length; index += 1) {
    const fewer = { ...tried, evidence: tried.evidence.toSpliced(index, 1) };
    if (faultOf(fewer) === what) return shortened(fewer, what);
  }
  return tried;
}

function faultOf({ evidence, isQueued }: Case): string | undefined {
  let run = isQueued ? QUEUED : STARTING;
  let isStopAsked = false;
  for (const piece of evidence) {
    isStopAsked ||= piece.kind === 'stop_requested';
    const next = advance(run, piece);
    if (isTerminal(run.status) && next !== run) return 'terminal-changed';
    if (RANK[next.status] < RANK[run.status]) return 'status-backwards';
    if (next.unfinished === isTerminal(next.status)) return 'unfinished is not what the status says';
    if (!isStopAsked && (next.status === 'TERMINATING' || next.status === 'STOPPED')) return 'unasked-stop';
    const waits = !isTerminal(next.status) && next.facts.attempts.length === 0;
    if ((next.waiting ?? false) !== waits) return 'waiting is not what attempts and status say';
    if (next.reason === 'queue_timeout' && next.facts.attempts.length > 0)
      return 'a run with an attempt left the queue';
    if (isTerminal(next.status) && next.exit_code === undefined) return 'an end without an exit code';
    if (next.facts.bound && next.facts.bound !== run.facts.bound && run.facts.bound) return 'one-runner';
    const { stop, start_timed_out_at_ms } = run.facts;
    const isUnwanted = stop !== undefined || start_timed_out_at_ms !== undefined;
    if (next.facts.bound && !run.facts.bound && isUnwanted) return 'no-late-start';
    if (run.facts.report && next.facts.report !== run.facts.report) return 'a second report replaced the first';
    if (advance(next, piece).status !== next.status) return 'the same evidence twice is more than once';
    run = next;
  }
  return undefined;
}

const STARTING: Execution = frozen({
  execution_id: '0'.repeat(32),
  created_by: 'ann@example.com',
  owned_by: ['ann@example.com'],
  command: 'true',
  image_id: 'host:latest-00000000',
  image: 'host',
  cpu: 256,
  memory_mib: 512,
  isolation: 'process',
  timeout_s: 60,
  grace_ms: 10_000,
  max_log_bytes: 1_000,
  request_id: 'r',
  modified_by_request_id: 'r',
  started_at_ms: 0,
  cloud: 'SIMULATED',
  facts: { attempts: [{ attempt: 1, token_hash: 'hash 1', made_at_ms: 0 }] },
  status: 'STARTING',
  unfinished: true,
  faults: [],
});

/** A change of what was given throws. */
const QUEUED: Execution = frozen({
  ...STARTING,
  facts: { attempts: [] },
  queued: { since_ms: 0, until_ms: 3_000 },
  waiting: true,
});

function frozen<T extends object>(value: T): T {
  for (const field of Object.values(value)) if (field !== null && typeof field === 'object') frozen(field as object);
  return Object.freeze(value);
}

function someEvidence(seed: number): Evidence[] {
  const length = 1 + Math.floor(draw(seed, 'length') * 12);
  return Array.from({ length }, (_, index) => frozen(onePiece(seed, index)));
}

function onePiece(seed: number, index: number): Evidence {
  const among = <T>(name: string, options: readonly T[]): T =>
    options[Math.floor(draw(seed, `${name} ${index}`) * options.length)] as T;
  const attempt = among('attempt', [1, 1, 1, 2, 3]);
  const at_ms = among('time', [1_000, 2_000, 3_000]);
  const platform_execution = among('name', ['p1', 'p1', 'p2', '']);
  const report: Report = {
    cause: among('cause', ['exited', 'stop', 'timeout', 'output_limit', 'terminated'] as const),
    ...among('code', [{ exit_code: 0 }, { exit_code: 3 }, { signal: 'SIGKILL' }, {}]),
    started_at_ms: 1_000,
    ended_at_ms: at_ms,
    stored_at_ms: at_ms,
  };
  const kind = among('end', ['exited', 'cancelled', 'never_started'] as const);
  return among<() => Evidence>('kind', [
    () => ({
      kind: 'attempt_made',
      attempt,
      token_hash: `hash ${attempt}`,
      at_ms,
      replaces: { attempt: attempt - 1, reason: 'never_started', details: '' },
    }),
    () => ({ kind: 'queue_timed_out', at_ms }),
    () => ({ kind: 'platform_named', attempt, platform_execution: platform_execution || 'p1' }),
    () => ({ kind: 'start_rejected', attempt, reason: 'quota', details: '' }),
    () => ({ kind: 'bootstrapped', attempt, nonce_hash: among('nonce', ['n1', 'n2']), platform_execution, at_ms }),
    () => ({ kind: 'told_to_stop', attempt }),
    () => ({ kind: 'bootstrap_conflict', details: 'two', at_ms }),
    () => ({ kind: 'stop_requested', by: 'ann@example.com', grace_ms: 10_000, cancel_at_ms: at_ms, at_ms }),
    () => ({ kind: 'stop_hastened', by: 'bob@example.com', grace_ms: 0, cancel_at_ms: at_ms, at_ms }),
    () => ({ kind: 'start_timed_out', at_ms }),
    () => ({ kind: 'stop_progress', signalled_at_ms: at_ms }),
    () => ({ kind: 'finished', attempt, report }),
    () => ({ kind: 'platform_ended', attempt, end: { platform_execution, at_ms, kind } }),
    () => ({ kind: 'lane_settled', attempt }),
    () => ({ kind: 'restored', backup_at_ms: at_ms, at_ms }),
  ])();
}
