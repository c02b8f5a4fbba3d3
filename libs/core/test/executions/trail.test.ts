import { expect, test } from '@jest/globals';
import type { TrailEntry } from '../../src/executions/trail-entry.ts';
import { noteTrail, TRAIL_KEPT, trailTime, withTrail } from '../../src/executions/trail.ts';
import { waitingFor } from '../../src/executions/waiting-for.ts';
import { after, bootstrapped, finished, laneSettled, platformEnded, starting } from './facts.ts';

const note = (at_ms: number, more: Partial<TrailEntry>): TrailEntry => ({
  at_ms,
  kind: 'waiting',
  attempt: 1,
  ...more,
});

test('when each new fact became known is kept, and nothing when none did', () => {
  const ended = after(bootstrapped(), platformEnded(), laneSettled());
  expect(withTrail(starting, ended, 9_000).trail?.map(({ kind, at_ms }) => [kind, at_ms])).toEqual([
    ['start_answered', 9_000],
    ['end_seen', 9_000],
    ['lane_read', 9_000],
    ['settled', 9_000],
  ]);
  expect(withTrail(ended, ended, 10_000)).toBe(ended);
});

test('the same change, stored again, adds nothing', () => {
  const once = withTrail(starting, after(bootstrapped(), platformEnded()), 9_000);
  expect(withTrail(starting, once, 10_000)).toBe(once);
});

test('facts alone decide: the trail changes neither status nor reason', () => {
  const ended = after(bootstrapped(), finished({ exit_code: 3 }), platformEnded());
  const { trail: _, ...rest } = withTrail(starting, ended, 9_000);
  expect(rest).toEqual(ended);
});

test('what is noted without end is bounded, and that a wait is over is kept all the same', () => {
  let run = { ...starting, facts: { attempts: [{ ...starting.facts.attempts[0]!, platform_execution: 'p' }] } };
  for (let look = 0; look < 200; look += 1) {
    run = noteTrail(run, note(look, { about: look % 2 === 0 ? 'quota' : 'capacity' })) as typeof run;
    run = noteTrail(run, note(look, { kind: 'cancel_sent', about: `cause ${look}` })) as typeof run;
  }
  expect(run.trail!.length).toBeLessThan(TRAIL_KEPT / 2);
  expect(waitingFor(run)).toBe('capacity');
  const over = noteTrail(run, note(1_000, {}));
  expect(waitingFor(over)).toBe('runner');
  expect(noteTrail(over, note(1_001, {}))).toBe(over);
  // There is still room for what a life leaves behind by itself.
  expect(trailTime(withTrail(over, { ...over, facts: after(platformEnded()).facts }, 2_000), 'end_seen', 1)).toBe(
    2_000,
  );
});
