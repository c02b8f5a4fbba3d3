import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runNode } from './run-command.ts';
import type { Stage, StageResult } from './stage.ts';

/** The part of jest's JSON report that is counted here. */
type JestReport = {
  numPassedTests: number;
  numFailedTests: number;
  /** Test files that failed before or outside of any test. */
  numRuntimeErrorTestSuites: number;
  testResults: { assertionResults: { fullName: string; status: string }[] }[];
};

const REASON = ' — skipped: ';

/**
 * A stage that runs one jest project of jest.config.json; jest itself shows each file as it ends.
 * Everything of the project must have run within `limitMs`: a test that hangs is a failure, not an endless job.
 */
export function jestStage(
  project: string,
  { limitMs, workers, needs }: { limitMs: number; workers: string; needs?: string },
): Stage {
  return {
    name: project,
    ...(needs === undefined ? {} : { needs }),
    async run(args): Promise<StageResult> {
      const folder = mkdtempSync(join(tmpdir(), 'runvoy-check-'));
      try {
        const report = join(folder, 'report.json');
        const jest = [
          '--experimental-vm-modules',
          '--disable-warning=ExperimentalWarning',
          'node_modules/jest/bin/jest.js',
        ];
        const options = [`--maxWorkers=${workers}`, '--passWithNoTests', '--json', `--outputFile=${report}`];
        const end = await runNode([...jest, '--selectProjects', project, ...options, ...args], {
          limitMs,
          show: true,
          env: requirements(),
        });
        return resultOf(end, readReport(report), limitMs);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

/** On CI nothing may be missing: tests that would skip for want of a browser or an engine must fail instead. */
function requirements(): Record<string, string> {
  return process.env['CI'] === 'true' ? { RUNVOY_REQUIRE_ALL: '1' } : {};
}

function resultOf(
  end: { ok: boolean; timedOut: boolean },
  report: JestReport | undefined,
  limitMs: number,
): StageResult {
  if (end.timedOut) return { passed: 0, failed: 1, skipped: [], output: `Took longer than ${limitMs / 1000} s.` };
  if (!report || report.testResults.length === 0) {
    return end.ok
      ? { passed: 0, failed: 0, skipped: [], idle: 'no test files yet' }
      : { passed: 0, failed: 1, skipped: [], output: 'jest ended without a report.' };
  }
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const notRun = tests.filter((test) => !['passed', 'failed'].includes(test.status)).map((test) => test.fullName);
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  return {
    passed: report.numPassedTests,
    // Jest can fail without a failed test, for instance when a file leaves a handle open that ends the worker.
    failed: end.ok ? failed : Math.max(failed, 1),
    skipped: notRun.map((name) => (name.includes(REASON) ? name : `${name}${REASON}no reason given`)),
  };
}

function readReport(file: string): JestReport | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as JestReport;
  } catch {
    return undefined;
  }
}
