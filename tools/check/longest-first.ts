import sequencer from '@jest/test-sequencer';

// Its types are those of its CommonJS form, where the class is a property of what is imported.
const TestSequencer = sequencer as unknown as typeof sequencer.default;
type Tests = Parameters<InstanceType<typeof TestSequencer>['sort']>[0];

/**
 * The tests that take longest, in that order: of the unit tests, and of those behind them, which mostly wait, for a grace, a settle window or
 * a tick. Where jest has not seen how long each file takes, as on a fresh clone, it starts with the largest; one of these that began
 * among the last would leave all cores but one idle at the end.
 */
export const LONGEST: readonly string[] = [
  'libs/core/simulation/test/histories.test.ts',
  'libs/core/simulation/test/every-fault.test.ts',
  'libs/provider-gcp/test/archive.test.ts',
  'services/orchestrator/test/generated-requests.test.ts',
  'libs/core/simulation/test/run-life-model.test.ts',
  'libs/provider-local/test/backup.test.ts',
  'jobs/sandbox-runner/test/backpressure.test.ts',
  'libs/core/simulation/test/advance-harness.test.ts',
  'test/run-variants.gcp.test.ts',
  'test/stop-life.gcp.test.ts',
  'test/crash-matrix.gcp.test.ts',
  'test/explained.gcp.test.ts',
  'test/run-life.gcp.test.ts',
  'test/smoke.gcp.test.ts',
  'test/emulated-stack.gcp.test.ts',
  'test/many-instances.gcp.test.ts',
  'services/standalone/test/crash-matrix.e2e.test.ts',
  'clients/cli/test/cli.e2e.test.ts',
  'jobs/sandbox-runner/test/sidecar-ends.e2e.test.ts',
  'services/standalone/test/failing-disk.e2e.test.ts',
  'jobs/sandbox-runner/test/sidecar.e2e.test.ts',
  'services/standalone/test/isolation.e2e.test.ts',
  'services/standalone/test/crash-container.e2e.test.ts',
];

/** Jest's own order of the test files, behind those that are known to take long. */
export default class LongestFirst extends TestSequencer {
  override async sort(tests: Tests): Promise<Tests> {
    const place = ({ path }: Tests[number]): number => {
      const known = LONGEST.findIndex((name) => path.endsWith(`/${name}`));
      return known === -1 ? LONGEST.length : known;
    };
    return (await super.sort(tests)).toSorted((a, b) => place(a) - place(b));
  }
}
