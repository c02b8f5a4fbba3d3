import { gcloud, linesIn, type InfraRun } from '../infra-run.ts';
import { applyParts } from './make-resources.ts';

const KEY_BYTES = 32;

/** The secret is Terraform's, its value is not: it goes from here to Secret Manager, by stdin, and is nowhere else. */
export async function addSigningKey(run: InfraRun): Promise<void> {
  await applyParts(run, ['secrets']);
  const prefix = run.settings.variables['secrets_prefix'] ?? 'runvoy-secrets';
  const secret = `${prefix as string}-signing-key`;
  const [there] = linesIn(await gcloud(run, ['secrets', 'versions', 'list', secret, '--format', 'value(name)']));
  if (there !== undefined) return;
  const input = `k1:${run.random(KEY_BYTES).toString('hex')}`;
  await gcloud(run, ['secrets', 'versions', 'add', secret, '--data-file', '-'], { input });
}
