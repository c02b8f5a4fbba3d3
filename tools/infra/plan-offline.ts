import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTerraformWorkspace, plannedBy, type PlannedResource } from '../terraform/terraform-workspace.ts';
import { InfraProblem } from './infra-problem.ts';
import { unknownFields } from './unknown-fields.ts';

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

/**
 * What these values of the root's variables would make, by Terraform itself and without a project: a first plan, as nothing is asked what
 * there is already. Throws `InfraProblem` with what Terraform says of the values, and with fields that it would leave away. When `signal`
 * is aborted it rejects, and nothing of it stays on the disk.
 */
export async function planOffline(
  values: Readonly<Record<string, unknown>>,
  signal?: AbortSignal,
): Promise<readonly PlannedResource[]> {
  await using workspace = await openTerraformWorkspace({ signal });
  writeFileSync(join(workspace.folder, 'tests', 'asked.tftest.hcl'), TEST);
  const file = join(workspace.folder, 'asked.tfvars.json');
  writeFileSync(file, JSON.stringify(values));
  const unknown = await unknownFields(workspace, values, file);
  if (unknown.length > 0) {
    const what = unknown.length === 1 ? 'This field is of no variable' : 'These fields are of no variable';
    throw new InfraProblem(`${what}: ${unknown.join(', ')}. docs/coverage.md lists the variables.`, { kind: 'usage' });
  }
  const init = await workspace.run('.', 'init', '-backend=false', '-input=false', '-no-color');
  if (init.status !== 0) throw new InfraProblem(init.output);
  const asked = ['-filter=tests/asked.tftest.hcl', `-var-file=${file}`];
  const ran = await workspace.run('.', 'test', '-json', '-verbose', ...asked);
  if (ran.status !== 0) throw new InfraProblem(errorsIn(ran.output));
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
