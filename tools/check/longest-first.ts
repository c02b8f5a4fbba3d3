import sequencer from '@jest/test-sequencer';

// Its types are those of its CommonJS form, where the class is a property of what is imported.
const TestSequencer = sequencer as unknown as typeof sequencer.default;
type Tests = Parameters<InstanceType<typeof TestSequencer>['sort']>[0];

/**
 * The unit tests that take longest, in that order. Where jest has not seen how long each file takes, as on a fresh clone, it starts with
 * the largest; one of these that began among the last would leave all cores but one idle at the end.
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
