import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InfraProblem } from '../infra-problem.ts';
import { terraform, terraformEnded, type InfraRun } from '../infra-run.ts';
import { rootModule } from '../root-module.ts';
import { runningServices } from '../running-services.ts';
import { keepBesideState, keepHere } from '../saved-settings.ts';

const QUIET = ['-input=false', '-no-color'];
const APPLY = ['apply', '-auto-approve', ...QUIET];

/** Writes this deployment's root module, keeps its settings, and opens its state. */
export async function openTerraform(run: InfraRun): Promise<void> {
  keepHere(run.folder, run.settings);
  await keepBesideState(run);
  await openState(run);
}

/** The same without keeping anything: what is only looked at, or taken away, goes on as it was told before. */
export async function openState(run: InfraRun): Promise<void> {
  mkdirSync(run.folder, { recursive: true });
  writeRootModule(run);
  await terraform(run, ['init', '-reconfigure', '-upgrade', ...QUIET]);
}

function writeRootModule(run: InfraRun, sidecar?: string): void {
  const source = join(run.checkout, 'infra', 'terraform');
  writeFileSync(join(run.folder, 'main.tf.json'), rootModule(run.settings, source, sidecar));
}

/** The images need their repository before anything can run them. */
export async function makeRepository(run: InfraRun): Promise<void> {
  await applyParts(run, ['project_services', 'artifact_registry']);
}

/** Makes these modules and what they need, and leaves the others. */
export async function applyParts(run: InfraRun, modules: readonly string[]): Promise<void> {
  await terraform(run, [...APPLY, ...modules.map((name) => `-target=module.runvoy.module.${name}`)], true);
}

/** What Google says for minutes of an account, a metric or an API that it has just made. */
const NOT_YET = [
  /service account .* does not exist/i,
  /Cannot find metric/i,
  /has not been used in project|it is disabled/i,
  /Permission denied while using the Eventarc Service Agent/i,
  /is not (?:ready|yet)|try again later/i,
];
const TRIES = 4;
const PAUSE_MS = 60_000;

/**
 * Makes everything. What is only not there yet, a minute later is: Terraform goes on from where it stopped. Services that run keep their
 * sidecar until the release: a new one would speak to an intake of before.
 */
export async function applyEverything(run: InfraRun): Promise<void> {
  const api = (await runningServices(run)).find(({ name }) => name === 'orchestrator');
  writeRootModule(run, api?.sidecar);
  for (let attempt = 1; attempt < TRIES; attempt += 1) {
    const { status, stdout, stderr } = await terraformEnded(run, APPLY, true);
    if (status === 0) return;
    if (!NOT_YET.some((words) => words.test(stdout + stderr))) break;
    run.say('Google does not know everything yet that it has made; Terraform goes on in a minute.');
    await run.sleep(PAUSE_MS);
  }
  await terraform(run, APPLY, true);
}

/** What clients are told, and each service's own address. */
export async function outputsOf(run: InfraRun): Promise<{ readonly apiUrl: string; readonly loadBalancer?: string }> {
  const outputs = JSON.parse(await terraform(run, ['output', '-json', '-no-color'])) as Readonly<
    Record<string, { readonly value?: unknown }>
  >;
  const apiUrl = outputs['api_url']?.value;
  const address = outputs['load_balancer_address']?.value;
  if (typeof apiUrl !== 'string') {
    const { project } = run.settings;
    throw new InfraProblem(`Nothing is deployed in ${project} yet: runvoy infra apply --project ${project}`);
  }
  return { apiUrl, ...(typeof address === 'string' ? { loadBalancer: address } : {}) };
}
