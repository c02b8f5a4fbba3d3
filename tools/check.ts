/**
 * `npm test`: every stage in order, or the one that is named (`npm test -- unit`, with file patterns behind it).
 *
 * It closes with one line, `tests: N passed, N failed, N skipped`. The counts are jest's own, plus one test each for
 * format, lint and types. A skipped test says why in its title, behind ` — skipped: `, and is listed by its full name.
 * With CI=true the tests get RUNVOY_REQUIRE_ALL=1: what is missing there (a browser, say) is a failure, not a skip.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { commandStage } from './check/command-stage.ts';
import { jestStage } from './check/jest-stage.ts';
import type { Stage, StageResult } from './check/stage.ts';
import { layerViolations } from './layers.ts';

const root = join(import.meta.dirname, '..');
process.chdir(root);

const MINUTE_MS = 60_000;
const FORMATTED = '**/*.{ts,tsx,cjs,json,md,yml}';

const STAGES: Stage[] = [
  commandStage('format', ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', FORMATTED]),
  commandStage('lint', ['node_modules/oxlint/bin/oxlint'], () => layerViolations(root)),
  commandStage('types', ['node_modules/typescript/bin/tsc']),
  jestStage('unit', { limitMs: 5 * MINUTE_MS, workers: '100%' }),
  // One at a time: these start servers and browsers, and measure how they behave when nothing else disturbs them.
  jestStage('e2e', { limitMs: 10 * MINUTE_MS, workers: '1', before: buildConsole }),
  jestStage('browser', { limitMs: 5 * MINUTE_MS, workers: '1', before: buildConsole }),
];

async function check(wanted: string | undefined, args: string[]): Promise<void> {
  const stages = wanted === undefined ? STAGES : STAGES.filter((stage) => stage.name === wanted);
  if (stages.length === 0) {
    console.error(`No stage "${wanted}"; there are: ${STAGES.map((stage) => stage.name).join(', ')}.`);
    process.exitCode = 1;
    return;
  }
  const total: Required<Pick<StageResult, 'passed' | 'failed' | 'skipped'>> = { passed: 0, failed: 0, skipped: [] };
  for (const stage of stages) {
    const startedAt = performance.now();
    const result = await stage.run(args).catch(failedToRun);
    const seconds = `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
    if (result.output) console.log(result.output);
    console.log(`${stage.name}: ${result.idle ?? `${verdict(result)}, ${seconds}`}`);
    total.passed += result.passed;
    total.failed += result.failed;
    total.skipped.push(...result.skipped);
  }
  for (const name of total.skipped) console.log(`skipped: ${name}`);
  console.log(`tests: ${total.passed} passed, ${total.failed} failed, ${total.skipped.length} skipped`);
  if (total.failed > 0) process.exitCode = 1;
}

function verdict({ passed, failed, skipped }: StageResult): string {
  if (passed + failed === 1 && skipped.length === 0) return failed === 0 ? 'passed' : 'failed';
  return `${passed} passed, ${failed} failed, ${skipped.length} skipped`;
}

function failedToRun(error: unknown): StageResult {
  const { message, output = '' } = error as { message: string; output?: string };
  return { passed: 0, failed: 1, skipped: [], output: `${output}${message}` };
}

type Progress = { end: () => void };

/** Tests that open the console get the one that belongs to the sources. */
async function buildConsole(): Promise<void> {
  const load = createRequire(import.meta.url);
  const { ensureConsoleBuilt } = load('./launch/console-build.cjs') as {
    ensureConsoleBuilt: (root: string, node: string, progress: Progress) => Promise<void>;
  };
  const { ProgressLine } = load('./launch/progress-line.cjs') as {
    ProgressLine: new (to: NodeJS.WriteStream) => Progress;
  };
  const progress = new ProgressLine(process.stderr);
  try {
    await ensureConsoleBuilt(root, process.execPath, progress);
  } finally {
    progress.end();
  }
}

await check(process.argv[2], process.argv.slice(3));
