import { APPLY_STEPS } from './apply-steps.ts';
import { blocks, type Finding } from './doctor/finding.ts';
import { findingLines } from './doctor/examine.ts';
import { InfraProblem } from './infra-problem.ts';
import type { InfraRun } from './infra-run.ts';

/** Goes through every step; `doctor` has been there before. Throws at the first that fails, with what it was. */
export async function apply(run: InfraRun, findings: readonly Finding[]): Promise<void> {
  const inTheWay = findings.filter(blocks);
  if (inTheWay.length > 0) {
    throw new InfraProblem(`Nothing was changed, because of this:\n${findingLines(inTheWay).join('\n')}`);
  }
  for (const [at, step] of APPLY_STEPS.entries()) {
    run.say(`${at + 1}/${APPLY_STEPS.length} ${step.name}`);
    try {
      await step.run(run);
    } catch (cause) {
      if (!(cause instanceof InfraProblem)) throw cause;
      throw new InfraProblem(
        `${cause.message}\n(in step ${at + 1}, ${step.name}; the same command goes on from there)`,
        { cause },
      );
    }
  }
}
