import { expect, test } from '@jest/globals';
import { canonicalRuns } from '../canonical-runs.ts';
import { runHistory } from '../history.ts';
import { tellStory } from '../story.ts';
import type { ForcedFault } from '../world.ts';

const KINDS: readonly ForcedFault['kind'][] = ['dies-before', 'dies-after', 'refused', 'answer-lost'];

test.each(canonicalRuns())('$name, whichever one port call fails in whichever way', async ({ options }) => {
  for (const kind of KINDS) {
    let portCalls = 1;
    for (let call = 0; call <= portCalls; call += 1) {
      const forced = { ...options, forced: { call, kind } };
      const result = await runHistory(forced);
      if (result.violation) throw new Error(JSON.stringify(await tellStory(forced, result), undefined, 1));
      // A call that fails brings others: the last one is that of the history in which none is left to fail.
      portCalls = result.portCalls;
    }
    expect(portCalls).toBeGreaterThan(20);
  }
});
