import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTerraformWorkspace, plannedBy, type PlannedResource } from '../terraform/terraform-workspace.ts';

/** Google is mocked: a number stands for the project's own. */
const TEST = `mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

run "plan" {
  command = plan
}
`;

/** The configuration and the values do not fit; the message is Terraform's. */
export class PlanProblem extends Error {}

/**
 * What one of `infra/terraform/examples` would make with a file of values, by Terraform itself and without a project: a first plan, as
 * nothing is asked what there is already. Throws `PlanProblem` with what Terraform says of the values.
 */
export async function planOffline(example: string, valuesFile: string): Promise<readonly PlannedResource[]> {
  await using workspace = await openTerraformWorkspace();
  const folder = join('examples', example);
  mkdirSync(join(workspace.folder, folder, 'tests'));
  writeFileSync(join(workspace.folder, folder, 'tests', 'asked.tftest.hcl'), TEST);
  const init = await workspace.run(folder, 'init', '-backend=false', '-input=false', '-no-color');
  if (init.status !== 0) throw new PlanProblem(init.output);
  const ran = await workspace.run(folder, 'test', '-json', '-verbose', `-var-file=${valuesFile}`);
  if (ran.status !== 0) throw new PlanProblem(errorsIn(ran.output));
  return plannedBy(ran);
}

/** What Terraform calls an error, in its words. */
function errorsIn(output: string): string {
  const errors = output.split('\n').flatMap((line) => {
    const { diagnostic } = line.startsWith('{') ? (JSON.parse(line) as { diagnostic?: Diagnostic }) : {};
    return diagnostic?.severity === 'error' ? [`${diagnostic.summary}: ${ownWords(diagnostic.detail)}`] : [];
  });
  return errors.length === 0 ? output : [...new Set(errors)].join('\n');
}

/** Without where in our files a rule stands. */
const ownWords = (detail: string): string => detail.split('\n\nThis was checked by')[0]!;

interface Diagnostic {
  readonly severity: string;
  readonly summary: string;
  readonly detail: string;
}
