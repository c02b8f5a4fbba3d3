import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeploymentSettings } from './deployment-settings.ts';
import { InfraProblem } from './infra-problem.ts';
import { gcloud, type InfraRun } from './infra-run.ts';
import type { Programs } from './programs.ts';

const FILE = 'settings.json';
const objectOf = (bucket: string): string => `gs://${bucket}/runvoy/${FILE}`;

/** What a deployment was told the last time on this machine. */
export function settingsHere(folder: string): DeploymentSettings | undefined {
  const file = join(folder, FILE);
  if (!existsSync(file)) return undefined;
  return readAs(file, readFileSync(file, 'utf8'));
}

/**
 * What a deployment was told the last time on any machine: it is kept beside the state. Undefined when nothing is kept there; throws when
 * that could not be found out, because an apply without it would take back what was chosen.
 */
export async function settingsBesideState(
  programs: Programs,
  project: string,
  bucket: string,
): Promise<DeploymentSettings | undefined> {
  const object = objectOf(bucket);
  const { status, stdout, stderr } = await programs.run('gcloud', [
    'storage',
    'cat',
    object,
    '--project',
    project,
    '--quiet',
  ]);
  if (status === 0) return readAs(object, stdout);
  // A bucket may have any of these words in its name.
  const said = stderr.replaceAll(bucket, '');
  if (/matched no objects|not found|404|does not exist/i.test(said)) return undefined;
  throw new InfraProblem(`${object} could not be read, and it holds what this deployment was told:\n${stderr.trim()}`);
}

/** Keeps the settings on this machine; `run.folder` is made when it is not there. */
export function keepHere(folder: string, settings: DeploymentSettings): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, FILE), `${JSON.stringify(settings, null, 2)}\n`);
}

/** Keeps the settings beside the state. */
export async function keepBesideState(run: InfraRun): Promise<void> {
  await gcloud(run, ['storage', 'cp', join(run.folder, FILE), objectOf(run.settings.stateBucket)]);
}

/** Forgets what a deployment was told that there is no more: its protection was off. */
export async function forget(run: InfraRun): Promise<void> {
  await gcloud(run, ['storage', 'rm', objectOf(run.settings.stateBucket)]);
  rmSync(join(run.folder, FILE), { force: true });
}

function readAs(where: string, text: string): DeploymentSettings {
  try {
    return JSON.parse(text) as DeploymentSettings;
  } catch (cause) {
    throw new InfraProblem(`${where} is no JSON any more: ${(cause as Error).message}`, { cause });
  }
}
