import { describe, expect, test } from '@jest/globals';
import { advance } from '../../src/executions/advance.ts';
import type { Evidence } from '../../src/executions/evidence.ts';
import { FAULTS_KEPT, type Execution } from '../../src/executions/execution.ts';
import {
  after,
  attemptMade,
  bootstrapped,
  conflict,
  finished,
  laneSettled,
  outcomeOf,
  platformEnded,
  queueTimedOut,
  starting,
  stopRequested,
} from './facts.ts';

const ONE_OF_EACH: readonly Evidence[] = [
  attemptMade(2, 1),
  { kind: 'platform_named', attempt: 1, platform_execution: 'platform/1' },
  { kind: 'start_rejected', attempt: 1, reason: 'quota', details: 'no more' },
  bootstrapped(),
  { kind: 'told_to_stop', attempt: 1 },
  conflict,
  stopRequested,
  { kind: 'stop_progress', signalled_at_ms: 3_100, killed_at_ms: 3_900 },
  finished({ exit_code: 3 }),
  platformEnded(),
  laneSettled(),
  queueTimedOut,
];

describe('redelivery', () => {
  test.each(ONE_OF_EACH.map((evidence) => [evidence.kind, evidence] as const))(
    '%s delivered twice in a row changes nothing the second time',
    (_, evidence) => {
      const once = advance(after(bootstrapped(), stopRequested, finished({ exit_code: 0 })), evidence);
      expect(advance(once, evidence)).toBe(once);
      const early = advance(starting, evidence);
      expect(advance(early, evidence)).toBe(early);
    },
  );

  test('a report read back from a store with its fields in another order is the same report', () => {
    const ran = after(bootstrapped(), finished({ exit_code: 0, signal: 'SIGTERM' }));
    const { report } = ran.facts;
    const reordered = Object.fromEntries(Object.entries(report!).toReversed()) as unknown as NonNullable<typeof report>;
    const stored: Execution = { ...ran, facts: { ...ran.facts, report: reordered } };
    expect(advance(stored, finished({ exit_code: 0, signal: 'SIGTERM', stored_at_ms: 9_000 }))).toBe(stored);
  });
});

describe('[terminal-changed] a terminal run', () => {
  const ends = {
    SUCCEEDED: after(bootstrapped(), finished({ exit_code: 0 }), platformEnded()),
    FAILED: after(bootstrapped(), platformEnded(), laneSettled()),
    STOPPED: after(bootstrapped(), stopRequested, finished({ cause: 'stop' }), platformEnded()),
  };

  test.each(Object.entries(ends))('that is %s takes in no evidence', (status, ended) => {
    expect(ended).toMatchObject({ status, unfinished: false });
    for (const evidence of ONE_OF_EACH) expect(advance(ended, evidence)).toBe(ended);
  });
});

describe('binding', () => {
  test('the first runner gets the run and its attempt the name it came with', () => {
    const ran = after(attemptMade(2), bootstrapped(2));
    expect(ran).toMatchObject({
      status: 'RUNNING',
      facts: { bound: { attempt: 2, nonce_hash: 'nonce 2', platform_execution: 'platform/2', at_ms: 2_000 } },
    });
    expect(ran.facts.attempts[1]).toMatchObject({ attempt: 2, platform_execution: 'platform/2' });
  });

  test('a runner without a name leaves its attempt the one it has', () => {
    const { platform_execution: _, ...unnamed } = bootstrapped() as Extract<Evidence, { kind: 'bootstrapped' }>;
    expect(after(unnamed).facts.bound).toEqual({ attempt: 1, nonce_hash: 'nonce 1', at_ms: 2_000 });
    const named = after({ kind: 'platform_named', attempt: 1, platform_execution: 'platform/1' }, unnamed);
    expect(named.facts.attempts[0]?.platform_execution).toBe('platform/1');
  });

  test('takes nothing away that is known of the run itself', () => {
    const run = after(conflict, bootstrapped());
    expect(run.facts.conflict).toEqual({ details: 'a second runner', at_ms: 2_500 });
  });

  test('a second runner does not', () => {
    const ran = after(attemptMade(2), bootstrapped(2));
    expect(advance(ran, bootstrapped(1))).toBe(ran);
  });

  test('nobody gets a run that is to stop', () => {
    const stopping = after(stopRequested);
    expect(advance(stopping, bootstrapped())).toBe(stopping);
  });

  test('an attempt that was never made cannot be bound', () => {
    expect(after(bootstrapped(7))).toBe(starting);
  });

  test('what was stored about other attempts is dropped', () => {
    const ran = after(attemptMade(2), platformEnded({}, 1), laneSettled(1), bootstrapped(2));
    expect(ran.facts.attempts[0]).toEqual({ attempt: 1, token_hash: 'hash 1', made_at_ms: 1_000 });
  });

  test('an end that was seen before its own bootstrap still counts', () => {
    const ran = after(platformEnded(), bootstrapped());
    expect(ran.status).toBe('RUNNING');
    expect(outcomeOf(advance(ran, finished({ exit_code: 3 })))).toEqual({ status: 'FAILED', exit_code: 3 });
  });

  test('a runner that comes after its attempt was taken for never started is not overlooked from then on', () => {
    const ran = after(attemptMade(2, 1), bootstrapped(1));
    expect(ran.facts.attempts[0]?.rejected).toBeUndefined();
    expect(outcomeOf(advance(advance(ran, finished({ exit_code: 0 })), platformEnded()))).toEqual({
      status: 'SUCCEEDED',
      exit_code: 0,
    });
  });

  test('a start cannot be rejected any more once its runner has the command', () => {
    const ran = after(bootstrapped());
    const rejection: Evidence = { kind: 'start_rejected', attempt: 1, reason: 'start_timeout', details: '' };
    expect(advance(ran, rejection)).toBe(ran);
  });
});

describe('attempts', () => {
  test('a new attempt marks the one it replaces, and they stay in order', () => {
    const twice = after(attemptMade(3), attemptMade(2, 1));
    expect(twice.facts.attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(twice.facts.attempts.map(({ rejected }) => rejected?.reason)).toEqual([
      'never_started',
      undefined,
      undefined,
    ]);
    expect(twice.facts.attempts[1]).toMatchObject({ token_hash: 'hash 2', made_at_ms: 1_002 });
  });

  test('a rejection that is known is not replaced by a later guess', () => {
    const rejected = after(attemptMade(2), { kind: 'start_rejected', attempt: 1, reason: 'quota', details: 'no more' });
    expect(advance(rejected, attemptMade(3, 1)).facts.attempts[0]?.rejected?.reason).toBe('quota');
  });

  test('no attempt is made once a runner has the command or a stop is stored', () => {
    expect(after(bootstrapped(), attemptMade(2)).facts.attempts).toHaveLength(1);
    expect(after(stopRequested, attemptMade(2)).facts.attempts).toHaveLength(1);
  });

  test('of what is said about one attempt the first stands', () => {
    const known = after(
      attemptMade(2),
      { kind: 'platform_named', attempt: 1, platform_execution: 'first' },
      { kind: 'platform_named', attempt: 1, platform_execution: 'second' },
      platformEnded({ at_ms: 1 }),
      platformEnded({ at_ms: 2 }),
      { kind: 'start_rejected', attempt: 2, reason: 'quota', details: '' },
      { kind: 'start_rejected', attempt: 2, reason: 'isolation', details: '' },
    );
    expect(known.facts.attempts).toMatchObject([
      { attempt: 1, platform_execution: 'first', end: { at_ms: 1 } },
      { attempt: 2, rejected: { reason: 'quota' } },
    ]);
  });

  test('a lane is settled only after its attempt has ended', () => {
    expect(after(laneSettled())).toBe(starting);
  });

  test('what is said about an attempt that does not exist changes nothing', () => {
    expect(after(platformEnded({}, 9))).toBe(starting);
  });
});

describe('reports', () => {
  test('[report-wins] a report that is stored before the end decides alone', () => {
    for (const end of [
      platformEnded(),
      platformEnded({ kind: 'cancelled' }),
      platformEnded({ reason: 'out_of_memory' }),
    ]) {
      const ended = after(bootstrapped(), stopRequested, finished({ exit_code: 0 }), end, laneSettled());
      expect(outcomeOf(ended)).toEqual({ status: 'SUCCEEDED', exit_code: 0 });
    }
  });

  test('a report of another attempt than the bound one is none', () => {
    const ran = after(attemptMade(2), bootstrapped(2));
    expect(advance(ran, finished({ exit_code: 0 }, 1))).toBe(ran);
    expect(after(finished({ exit_code: 0 }))).toBe(starting);
  });

  test('a second report that differs is a recorded fault, once, and the first stands', () => {
    const ran = after(bootstrapped(), finished({ exit_code: 0 }));
    const contradicted = advance(ran, finished({ exit_code: 3, stored_at_ms: 4_500 }));
    expect(contradicted.facts.report?.exit_code).toBe(0);
    expect(contradicted.faults).toMatchObject([{ kind: 'second_report', at_ms: 4_500 }]);
    expect(contradicted.faults[0]?.details).toContain('"exit_code":3');
    expect(advance(contradicted, finished({ exit_code: 3, stored_at_ms: 4_600 }))).toBe(contradicted);
  });

  test('the same report stored later is no second one', () => {
    const ran = after(bootstrapped(), finished({ exit_code: 0 }));
    expect(advance(ran, finished({ exit_code: 0, stored_at_ms: 9_000 }))).toBe(ran);
  });

  test('faults beyond the first few are not kept', () => {
    let ran = after(bootstrapped(), finished({ exit_code: 0 }));
    for (let code = 1; code <= FAULTS_KEPT + 1; code += 1) ran = advance(ran, finished({ exit_code: code }));
    expect(ran.faults).toHaveLength(FAULTS_KEPT);
    expect(ran.faults[0]?.details).toContain('"exit_code":1');
  });
});

describe('stops', () => {
  test('the first stop stands', () => {
    const stopping = after(stopRequested);
    expect(advance(stopping, { ...stopRequested, by: 'bob@example.com', at_ms: 3_500 } as Evidence)).toBe(stopping);
    expect(stopping).toMatchObject({
      status: 'TERMINATING',
      facts: {
        stop: { requested_by: 'ann@example.com', requested_at_ms: 3_000, grace_ms: 10_000, cancel_at_ms: 3_000 },
      },
    });
  });

  test('each step of a stop keeps the time it was first seen', () => {
    const told = after(
      stopRequested,
      { kind: 'stop_progress', signalled_at_ms: 3_100 },
      { kind: 'stop_progress', signalled_at_ms: 3_200, killed_at_ms: 3_900 },
    );
    expect(told.facts.stop).toEqual({
      requested_by: 'ann@example.com',
      requested_at_ms: 3_000,
      grace_ms: 10_000,
      cancel_at_ms: 3_000,
      signalled_at_ms: 3_100,
      killed_at_ms: 3_900,
    });
  });

  test('signs of a stop that nobody stored are not kept', () => {
    expect(after({ kind: 'stop_progress', signalled_at_ms: 3_100 })).toBe(starting);
  });
});

describe('[terminal-but-alive] a platform that made two executions of one start', () => {
  const other = platformEnded({ platform_execution: 'platform/other' });

  test('is not believed about the bound one when the other has ended before the bootstrap', () => {
    const run = after(other, bootstrapped());
    expect(run).toMatchObject({ status: 'RUNNING', facts: { attempts: [{ platform_execution: 'platform/1' }] } });
    expect(run.facts.attempts[0]).not.toHaveProperty('end');
    expect(after(bootstrapped(), laneSettled(1)).status).toBe('RUNNING');
  });

  test('is not believed when the other ends after the bootstrap', () => {
    expect(after(bootstrapped(), other, laneSettled(1))).toMatchObject({ status: 'RUNNING' });
    expect(after(bootstrapped(), other, platformEnded(), laneSettled(1)).status).toBe('FAILED');
  });
});
