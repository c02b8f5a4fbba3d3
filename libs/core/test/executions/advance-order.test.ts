import { expect, test } from '@jest/globals';
import { isTerminal } from '@runvoy/protocol';
import fc from 'fast-check';
import { advance } from '../../src/executions/advance.ts';
import type { Evidence } from '../../src/executions/evidence.ts';
import { killDueMs, stopInForce } from '../../src/executions/stop-in-force.ts';
import { honestLife, inSomeOrder, type Life } from './honest-life.ts';
import { after, hastened, outcomeOf, stopRequested } from './facts.ts';

const choices = fc.array(fc.nat(50), { minLength: 1, maxLength: 12 });
const repeats = fc.integer({ min: 0, max: 3 });

/** The run of this life after this evidence, in this order. */
const lived = (life: Life, ...evidence: readonly Evidence[]) => evidence.reduce(advance, life.stored);

test('[advance-order-free] any order and repetition of the evidence of one life ends it alike', () => {
  fc.assert(
    fc.property(honestLife, choices, repeats, (life, chosen, often) => {
      const plain = lived(life, ...inSomeOrder(life, [0], 0));
      const mixed = lived(life, ...inSomeOrder(life, chosen, often));
      expect(outcomeOf(mixed)).toEqual(outcomeOf(plain));
      expect(isTerminal(mixed.status)).toBe(true);
      expect(mixed.completed_at_ms).toBe(plain.completed_at_ms);
    }),
    { numRuns: 3_000 },
  );
});

test('[advance-order-free] of a stop and those in a hurry the least time counts, whichever is stored first', () => {
  const pieces = [stopRequested, hastened(9_000), hastened(5_000, 3_600), hastened(5_000, 3_700), hastened(0, 8_000)];
  const outOfOrder = fc.shuffledSubarray(pieces, { minLength: pieces.length });
  fc.assert(
    fc.property(outOfOrder, (evidence) => {
      const { facts, status } = after(...evidence, ...evidence.toReversed());
      expect(status).toBe('TERMINATING');
      expect(facts.haste).toMatchObject({ grace_ms: 0, requested_at_ms: 8_000 });
      expect(stopInForce(facts)).toEqual({ grace_ms: 0, cancel_at_ms: 3_000 });
      expect(killDueMs(facts)).toBe(8_000);
    }),
  );
});

test('[terminal-changed] [status-backwards] a status only climbs, and ends once', () => {
  const RANK = { STARTING: 0, RUNNING: 1, TERMINATING: 2, SUCCEEDED: 3, FAILED: 3, STOPPED: 3 };
  fc.assert(
    fc.property(honestLife, choices, repeats, (life, chosen, often) => {
      let run = life.stored;
      for (const evidence of inSomeOrder(life, chosen, often)) {
        const next = advance(run, evidence);
        expect(RANK[next.status]).toBeGreaterThanOrEqual(RANK[run.status]);
        if (isTerminal(run.status)) expect(next).toBe(run);
        expect(next.unfinished).toBe(!isTerminal(next.status));
        expect(next.waiting ?? false).toBe(!isTerminal(next.status) && next.facts.attempts.length === 0);
        run = next;
      }
    }),
    { numRuns: 1_000 },
  );
});

test('[report-wins] whatever the platform says, a stored report decides', () => {
  fc.assert(
    fc.property(honestLife, choices, (life, chosen) => {
      const run = lived(life, ...inSomeOrder(life, chosen, 0));
      const { report, stop } = run.facts;
      if (!report) return;
      const alone = {
        exited: report.exit_code === 0 ? 'SUCCEEDED' : 'FAILED',
        timeout: 'FAILED',
        output_limit: 'FAILED',
        stop: 'STOPPED',
        terminated: stop ? 'STOPPED' : 'FAILED',
      };
      expect(run.status).toBe(alone[report.cause]);
    }),
    { numRuns: 1_000 },
  );
});

test('[unasked-stop] a run is TERMINATING or STOPPED only after a stop was stored', () => {
  fc.assert(
    fc.property(honestLife, choices, repeats, (life, chosen, often) => {
      let run = life.stored;
      for (const evidence of inSomeOrder(life, chosen, often)) {
        run = advance(run, evidence);
        if (run.status === 'TERMINATING' || run.status === 'STOPPED') expect(run.facts.stop).toBeDefined();
      }
    }),
    { numRuns: 1_000 },
  );
});

test('[no-false-alarm] no honest life is told as a conflict or leaves a fault', () => {
  fc.assert(
    fc.property(honestLife, choices, repeats, (life, chosen, often) => {
      const run = lived(life, ...inSomeOrder(life, chosen, often));
      expect(run.reason).not.toBe('bootstrap_conflict');
      expect(run.faults).toEqual([]);
    }),
    { numRuns: 1_000 },
  );
});
