import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TerraformWorkspace } from '../terraform/terraform-workspace.ts';

const VARIABLES = 'variables.tf';
const FOLDER = 'asked-variables';

/**
 * Fields in these values of the root's variables that no variable has, as `scaling.websocket.mxa`. Terraform leaves them away without a
 * word; so it is asked what it made of each value. Of values that it refuses as a whole nothing is told here: its plan says why.
 */
export async function unknownFields(
  workspace: TerraformWorkspace,
  values: Readonly<Record<string, unknown>>,
  valuesFile: string,
): Promise<readonly string[]> {
  const folder = join(workspace.folder, FOLDER);
  mkdirSync(folder);
  // The variables alone: nothing has to be installed to ask for them.
  cpSync(join(workspace.folder, VARIABLES), join(folder, VARIABLES));
  const all = Object.keys(values).map((name) => `${name} = var.${name}`);
  const told = await workspace.evaluate(FOLDER, `jsonencode({ ${all.join(', ')} })`, `-var-file=${valuesFile}`);
  // The console ends well whatever it says.
  if (!told.output.startsWith('"')) return [];
  // A text in JSON, which the console prints in quotes of its own.
  return missing(values, JSON.parse(JSON.parse(told.output) as string), '');
}

/** Lists are passed over: a set comes back in another order. */
function missing(given: unknown, taken: unknown, path: string): readonly string[] {
  if (!isObject(given) || !isObject(taken)) return [];
  return Object.entries(given).flatMap(([name, value]) =>
    name in taken ? missing(value, taken[name], `${path}${name}.`) : [`${path}${name}`],
  );
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
