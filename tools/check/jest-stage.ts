import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
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
  testResults: { assertionResults: { fullName: string; status: string; retryReasons?: string[] }[] }[];
};

const JEST = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
const EXIT_GRACE_MS = 5_000;
/**
 * A worker that has not ended by then has something open that a test left, and jest says so. Its own half second was too short for one
 * with much memory on a busy machine; the longest that is known to remain is a timer of 4 s in the reader of Terraform's files.
 */
const WORKER_EXIT_MS = 15_000;
const REASON = ' — skipped: ';

/**
 * A stage that runs one jest project of jest.config.json; jest itself shows each file as it ends.
 * One test may take `testMs`, and everything of the project must have run within `limitMs`: a test that hangs is a failure, not an endless job.
 */
export function jestStage(
  project: string,
  {
    limitMs,
    testMs,
    workers,
    needs,
    env = {},
  }: { limitMs: number; testMs: number; workers: string; needs?: string; env?: Record<string, string> },
): Stage {
  return {
    name: project,
    ...(needs === undefined ? {} : { needs }),
    async run(args): Promise<StageResult> {
      const folder = mkdtempSync(join(tmpdir(), 'runvoy-check-'));
      const report = join(folder, 'report.json');
      const exitWatch = watchExit(report);
      try {
        // Jest heeds a test's time limit only here, not in a project's configuration.
        const limits = [
          `--maxWorkers=${workers}`,
          `--testTimeout=${testMs}`,
          `--workerGracefulExitTimeout=${WORKER_EXIT_MS}`,
        ];
        const options = [...limits, '--passWithNoTests', '--json', `--outputFile=${report}`];
        const end = await runNode([...JEST, '--selectProjects', project, ...options, ...args], {
          limitMs,
          giveUp: exitWatch.giveUp,
          show: true,
          env: { ...requirements(), ...env },
        });
        return resultOf(end, readReport(report), limitMs);
      } finally {
        exitWatch.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

/** Gives up on a jest that has reported and does not exit: a test has left a server, a timer or a process open. */
function watchExit(report: string): { giveUp: AbortSignal; stop: () => void } {
  const controller = new AbortController();
  let reportedAt: number | undefined;
  const look = setInterval(() => {
    if (existsSync(report)) reportedAt ??= Date.now();
    if (reportedAt !== undefined && Date.now() - reportedAt > EXIT_GRACE_MS) controller.abort();
  }, 1_000);
  return { giveUp: controller.signal, stop: () => clearInterval(look) };
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
  if (end.timedOut && !report)
    return { passed: 0, failed: 1, skipped: [], output: `Took longer than ${limitMs / 1000} s.` };
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
    ...(end.timedOut ? { output: 'The tests have ended, but jest has not: one of them has left something open.' } : {}),
    retried: tests
      .filter(({ status, retryReasons }) => status === 'passed' && (retryReasons?.length ?? 0) > 0)
      .map(({ fullName, retryReasons }) => `${fullName}: ${firstLine(retryReasons![0]!)}`),
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

function firstLine(text: string): string {
  return text.trim().split('\n')[0]!;
}
