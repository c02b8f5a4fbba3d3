import { describe, expect, test } from '@jest/globals';
import { canonicalRuns } from '../canonical-runs.ts';
import { runHistory } from '../history.ts';
import { FAULT_KINDS } from '../faults.ts';
import { SITUATION_NAMES } from '../reached.ts';
import { tellStory, wholeTrace } from '../story.ts';

const PARTS = 10;
const HISTORIES_A_PART = 100;

describe('in histories full of faults', () => {
  test.each(Array.from({ length: PARTS }, (_, part) => 1 + part * HISTORIES_A_PART))(
    'nothing breaks that must hold, and after the faults everything ends (from seed %i)',
    async (from) => {
      for (let seed = from; seed < from + HISTORIES_A_PART; seed += 1) {
        const result = await runHistory({ seed });
        if (!result.violation) continue;
        const story = JSON.stringify(await tellStory({ seed }, result), undefined, 1);
        throw new Error(`${story}\nthe whole of it: npm run test:chaos -- --seed ${seed} --replay`);
      }
    },
    60_000,
  );
});

test('the same seed gives the same history, to the last event', async () => {
  for (const seed of [3, 17, 4_711]) {
    const first = await runHistory({ seed });
    expect(wholeTrace(await runHistory({ seed }))).toBe(wholeTrace(first));
    expect(first.trace.length).toBeGreaterThan(20);
  }
});

test('without anything strange a run is stored, started, bound, logged and ended, and nothing else', async () => {
  for (const flavour of ['local', 'cloud'] as const) {
    const { strange, violation, trace } = await runHistory({ seed: 1, flavour, swarm: {}, kept: new Set() });
    expect({ strange, violation }).toEqual({ strange: [], violation: undefined });
    const steps = trace.filter(({ isStep }) => isStep).map(({ text }) => text);
    const end = 'run 1: end of attempt 1 stored, now SUCCEEDED';
    // In the cloud nothing is left to do then, and nobody is told.
    const told = flavour === 'local' ? [expect.stringContaining('publishes the end of run 1')] : [];
    expect(steps.slice(steps.indexOf(end))).toEqual([end, ...told, 'a day later all is told again']);
  }
});

test('a run in a cloud that is stopped before its runner asks is over with the first look after its end', async () => {
  const stopped = canonicalRuns().find(({ name }) => name === 'a cloud run is stopped before its runner asks');
  const { trace, violation } = await runHistory(stopped!.options);
  expect(violation).toBeUndefined();
  const at = (text: string) => trace.find((line) => line.text.includes(text))!.atMs;
  expect(trace.map(({ text }) => text)).not.toContainEqual(expect.stringContaining('bound to attempt'));
  expect(at('now STOPPED') - at('has ended')).toBeLessThan(5_000);
});

test('two instances that tick at the same moments store of every run what one stores', async () => {
  const stored = async (seed: number, kept?: ReadonlySet<string>) => {
    const result = await runHistory({ seed, flavour: 'cloud', swarm: {}, ...(kept ? { kept } : {}) });
    expect(result.violation).toBeUndefined();
    const steps = result.trace.filter(({ isStep, text }) => isStep && /^run \d+[: ]/.test(text));
    return { ...result, steps: steps.map(({ atMs, text }) => `${atMs} ${text}`) };
  };
  let compared = 0;
  for (let seed = 1; compared < 20; seed += 1) {
    const both = await stored(seed);
    if (!both.reached.has('ticks-of-two')) continue;
    compared += 1;
    const one = await stored(seed, new Set(both.strange.filter((name) => name !== 'ticks come')));
    expect(one.reached.has('ticks-of-two')).toBe(false);
    expect([seed, ...both.steps]).toEqual([seed, ...one.steps]);
  }
}, 60_000);

test('every fault by itself is lived through', async () => {
  for (const kind of FAULT_KINDS) {
    for (let seed = 1; seed <= 4; seed += 1) {
      const result = await runHistory({ seed, swarm: { [kind]: 0.5 } });
      expect([kind, seed, result.violation]).toEqual([kind, seed, undefined]);
    }
  }
}, 60_000);

test('there are at least forty rare situations to come upon', () => {
  expect(SITUATION_NAMES.length).toBeGreaterThanOrEqual(40);
});
