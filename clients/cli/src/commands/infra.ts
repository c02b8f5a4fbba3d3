import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Invocation } from '../invocation.ts';
import { Problem } from '../problem.ts';
import { runMain } from '../run-main.ts';

/** `runvoy infra`: a deployment in a project of Google Cloud. What it takes is the checkout's: Terraform's files, and what builds images. */
export async function infra({ options, words }: Invocation): Promise<number> {
  const args = PASSED_ON.texts.flatMap((name) => {
    const value = options.text(name);
    return value === undefined ? [] : [`--${name}=${value}`];
  });
  const flags = PASSED_ON.flags.flatMap((name) => (options.flag(name) ? [`--${name}`] : []));
  return runMain(infraMain(), [...words, ...args, ...flags]);
}

export const PASSED_ON = {
  texts: [
    'project',
    'region',
    'admin',
    'version',
    'images',
    'state-bucket',
    'settings',
    'max-instances',
    'public-access',
    'deletion-protection',
    'profile',
  ],
  flags: ['yes', 'json'],
} as const;

function infraMain(): string {
  const root = new URL('../../../../', import.meta.url);
  const path = fileURLToPath(new URL('tools/infra.ts', root));
  // A packed client lies deep in somebody's node_modules.
  if (existsSync(path) && existsSync(fileURLToPath(new URL('infra/terraform/main.tf', root)))) return path;
  throw new Problem(
    'what a deployment is made of is not part of this installation. Clone the repository of runvoy and run there: ./runvoy infra',
  );
}
