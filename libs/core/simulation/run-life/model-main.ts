/**
 * `npm run test:model`: every order in which one run's life can happen within small bounds, on each platform, with the real decisions.
 * Prints how many states and edges there are, and the shortest history of each invariant that does not hold.
 *
 * `--small` keeps to fewer faults at once, `--plant NAME` puts a known bug in, `--json` prints the explorations alone.
 */
import { parseArgs } from 'node:util';
import { plant } from '../plant.ts';
import { LIFE_MODELS, SMALL_LIFE_MODELS } from './life-models.ts';

const { values } = parseArgs({
  options: {
    plant: { type: 'string' },
    small: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
if (values.plant !== undefined) plant(values.plant);
// After a bug is planted: it is put in while core is loaded.
const { exploreRunLife } = await import('../run-life-model.ts');

const explorations = [];
for (const model of values.small ? SMALL_LIFE_MODELS : LIFE_MODELS) {
  const startedAt = performance.now();
  const explored = await exploreRunLife(model);
  explorations.push(explored);
  if (explored.broken.length > 0) process.exitCode = 1;
  if (values.json) continue;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const { platform, grace_ms } = model;
  console.log(
    `${platform}, grace ${grace_ms / 1000} s: ${explored.states} states, ${explored.edges} edges, ` +
      `${explored.records} records, ${explored.broken.length} broken, ${seconds} s`,
  );
  for (const { invariant, steps } of explored.broken) {
    console.log(`[${invariant}]`);
    for (const [index, step] of steps.entries()) console.log(`  ${String(index + 1).padStart(2)} ${step}`);
  }
}
if (values.json) console.log(JSON.stringify(explorations));
