import { BUILDER, builderEmail, sourceBucket } from './apply/build-images.ts';
import { openState } from './apply/make-resources.ts';
import { InfraProblem } from './infra-problem.ts';
import { gcloud, linesIn, terraform, type InfraRun } from './infra-run.ts';
import { forget } from './saved-settings.ts';

interface State {
  readonly values?: { readonly root_module?: Module };
}

interface Module {
  readonly resources?: readonly { readonly address: string; readonly values?: Readonly<Record<string, unknown>> }[];
  readonly child_modules?: readonly Module[];
}

/** Throws while anything of the deployment is protected from being deleted, by its state or by what it was told. */
export async function expectUnprotected(run: InfraRun): Promise<void> {
  const { project, variables } = run.settings;
  await openState(run);
  const state = JSON.parse(await terraform(run, ['show', '-json', '-no-color'])) as State;
  const kept = resourcesIn(state.values?.root_module ?? {}).flatMap(({ address, values = {} }) =>
    values['deletion_protection'] === true || values['delete_protection_state'] === 'DELETE_PROTECTION_ENABLED'
      ? [address.replace(/^module\.runvoy\./, '')]
      : [],
  );
  if (kept.length === 0 && variables['deletion_protection'] === false) return;
  const named = kept.length === 0 ? '' : `\nProtected are ${kept.join(', ')}.`;
  throw new InfraProblem(
    `The deployment is protected from being deleted.${named}\nTake that away first, and nothing else: runvoy infra apply --project ${project} --deletion-protection off`,
  );
}

/** Takes away what Terraform made, and what it did not: jobs of runs, the data key, the builder. The state's bucket stays. */
export async function destroy(run: InfraRun): Promise<void> {
  const { project, stateBucket } = run.settings;
  await terraform(run, ['destroy', '-auto-approve', '-input=false', '-no-color'], true);
  await deleteJobs(run);
  await deleteSecrets(run);
  await deleteBuilder(run);
  await forget(run);
  run.say(`${project} holds nothing of runvoy any more but gs://${stateBucket}, with the versions of the state.`);
  run.say(`Delete that when nobody asks any more what there was: gcloud storage rm --recursive gs://${stateBucket}`);
}

/** Made by the orchestrator, one for each kind of image. */
async function deleteJobs(run: InfraRun): Promise<void> {
  const jobs = (run.settings.variables['jobs'] ?? {}) as { readonly region?: string };
  const region = ['--region', jobs.region ?? run.settings.region];
  const filter = ['--filter', 'metadata.labels.managed-by=runvoy', '--format', 'value(metadata.name)'];
  for (const job of linesIn(await gcloud(run, ['run', 'jobs', 'list', ...region, ...filter]))) {
    await gcloud(run, ['run', 'jobs', 'delete', job, ...region]);
  }
}

/** The data key is made by the services. What it sealed is gone with the database. */
async function deleteSecrets(run: InfraRun): Promise<void> {
  const prefix = (run.settings.variables['secrets_prefix'] ?? 'runvoy-secrets') as string;
  const filter = ['--filter', `name~secrets/${prefix}-`, '--format', 'value(name)'];
  for (const name of linesIn(await gcloud(run, ['secrets', 'list', ...filter]))) {
    await gcloud(run, ['secrets', 'delete', name.split('/').at(-1)!]);
  }
}

async function deleteBuilder(run: InfraRun): Promise<void> {
  const email = builderEmail(run);
  const filter = ['--filter', `email=${email}`, '--format', 'value(email)'];
  if (linesIn(await gcloud(run, ['iam', 'service-accounts', 'list', ...filter])).length > 0) {
    const binding = ['--member', `serviceAccount:${email}`, '--role', 'roles/logging.logWriter', '--condition', 'None'];
    await gcloud(run, ['projects', 'remove-iam-policy-binding', run.settings.project, ...binding]);
    await gcloud(run, ['iam', 'service-accounts', 'delete', email]);
    run.say(`${BUILDER} is deleted`);
  }
  const bucket = sourceBucket(run);
  const named = ['--filter', `name=${bucket}`, '--format', 'value(name)'];
  if (linesIn(await gcloud(run, ['storage', 'buckets', 'list', ...named])).length > 0) {
    await gcloud(run, ['storage', 'rm', '--recursive', `gs://${bucket}`]);
  }
}

function resourcesIn({ resources = [], child_modules = [] }: Module): NonNullable<Module['resources']> {
  return [...resources, ...child_modules.flatMap(resourcesIn)];
}
