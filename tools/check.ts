/**
 * `npm test`: every stage in order, or the one that is named (`npm test -- unit`, with file patterns behind it).
 *
 * It closes with one line, `tests: N passed, N failed, N skipped`. The counts are jest's own, plus one test each for
 * format, lint, the OpenAPI document, types and the console's build. A skipped test says why in its title, behind ` — skipped: `, and is listed by
 * its full name.
 * Tests of the stages behind `unit` wait for real processes: one that fails is tried once more, and is listed and counted when it then passes.
 * With CI=true the tests get RUNVOY_REQUIRE_ALL=1: what is missing there (a browser, say) is a failure, not a skip.
 */
import { join } from 'node:path';
import { bundledStage } from './check/bundled-stage.ts';
import { commandStage } from './check/command-stage.ts';
import { compiledStage } from './check/compiled-stage.ts';
import { consoleStage } from './check/console-stage.ts';
import { emulatedStage } from './check/emulated-stage.ts';
import { jestStage } from './check/jest-stage.ts';
import type { Stage, StageResult } from './check/stage.ts';
import { layerViolations } from './layers.ts';

const root = join(import.meta.dirname, '..');
process.chdir(root);

const MINUTE_MS = 60_000;
const FORMATTED = '**/*.{ts,tsx,cjs,json,md,yml}';

/** Node keeps here what it has compiled of us: what removes the types costs most of the start of each process that the tests start. */
const CACHE = join(root, '.cache', 'compiled');
const COMPILED = { NODE_COMPILE_CACHE: CACHE };

/** Four at a time: they start servers, and mostly wait for them, for an emulator or for a run. */
const WAITING = { limitMs: 15 * MINUTE_MS, testMs: MINUTE_MS, workers: '4', needs: 'console' };

/** Those of one step run at once: each of the first keeps a core and no more, and waits for nothing. */
const STEPS: Stage[][] = [
  [
    commandStage('format', ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', FORMATTED]),
    commandStage('lint', ['node_modules/oxlint/bin/oxlint'], () => layerViolations(root)),
    commandStage('openapi', ['tools/lint-openapi.ts']),
    commandStage('types', ['node_modules/typescript/bin/tsc']),
    consoleStage(root),
  ],
  [jestStage('unit', { limitMs: 8 * MINUTE_MS, testMs: MINUTE_MS, workers: '100%' })],
  [
    compiledStage(
      CACHE,
      bundledStage(join(root, '.cache', 'bundles'), (bundles) =>
        emulatedStage((env) => jestStage('gcp', { ...WAITING, env: { ...COMPILED, ...bundles, ...env } })),
      ),
    ),
  ],
  [compiledStage(CACHE, jestStage('e2e', { ...WAITING, env: COMPILED }))],
  [jestStage('browser', { limitMs: 5 * MINUTE_MS, testMs: MINUTE_MS, workers: '1', needs: 'console', env: COMPILED })],
];
const STAGES = STEPS.flat();

async function check(wanted: string | undefined, args: string[]): Promise<void> {
  const needed = STAGES.find((stage) => stage.name === wanted)?.needs;
  const isWanted = ({ name }: Stage) => wanted === undefined || name === wanted || name === needed;
  const steps = STEPS.map((step) => step.filter(isWanted));
  if (steps.flat().length === 0) {
    console.error(`No stage "${wanted}"; there are: ${STAGES.map((stage) => stage.name).join(', ')}.`);
    process.exitCode = 1;
    return;
  }
  const total: Required<Pick<StageResult, 'passed' | 'failed' | 'skipped' | 'retried'>> = {
    passed: 0,
    failed: 0,
    skipped: [],
    retried: [],
  };
  for (const step of steps) {
    const ends = step.map((stage) => ({ stage, end: timed(stage, stage.name === wanted ? args : []) }));
    for (const { stage, end } of ends) {
      const { result, seconds } = await end;
      if (result.output) console.log(result.output);
      console.log(`${stage.name}: ${result.idle ?? `${verdict(result)}, ${seconds}`}`);
      total.passed += result.passed;
      total.failed += result.failed;
      total.skipped.push(...result.skipped);
      total.retried.push(...(result.retried ?? []));
    }
  }
  for (const test of total.retried) console.log(`passed only at the second try: ${test}`);
  if (total.retried.length > 0)
    console.log(`second tries: ${total.retried.length}; each is a bug, of the product or of its test`);
  for (const name of total.skipped) console.log(`skipped: ${name}`);
  console.log(`tests: ${total.passed} passed, ${total.failed} failed, ${total.skipped.length} skipped`);
  if (total.failed > 0) process.exitCode = 1;
}

async function timed(stage: Stage, args: string[]): Promise<{ result: StageResult; seconds: string }> {
  const startedAt = performance.now();
  const result = await stage.run(args);
  return { result, seconds: `${((performance.now() - startedAt) / 1000).toFixed(1)} s` };
}

function verdict({ passed, failed, skipped }: StageResult): string {
  if (passed + failed === 1 && skipped.length === 0) return failed === 0 ? 'passed' : 'failed';
  return `${passed} passed, ${failed} failed, ${skipped.length} skipped`;
}

await check(process.argv[2], process.argv.slice(3));
