import type { protos, SecretManagerServiceClient } from '@google-cloud/secret-manager';
import { healthIssue, type Findings, type KeysStatus } from '@runvoy/core';
import type { HealthIssue, Unchecked } from '@runvoy/protocol';
import { CODE, codeOf, saidBy } from '../job-runner/grpc-code.ts';

export interface DataKeyDeps {
  readonly client: SecretManagerServiceClient;
  /** Full name of the secret whose versions are the keys. */
  readonly secret: string;
  readonly kmsKey: string | undefined;
}

const LABEL = { 'managed-by': 'runvoy' };
const CALL = { timeout: 5_000 };
const UNLISTED: Unchecked = {
  what: 'secrets of ours that nothing uses',
  why: 'No account may list secrets (secretmanager.secrets.list): that right cannot be kept to a prefix.',
};

/**
 * The secret of the data keys: its label, what it is encrypted with, and whether the versions that are asked for can be used. A
 * secret that is not there is made with the first value that is sealed; it is missing only when something was sealed already.
 */
export async function checkDataKey(deps: DataKeyDeps, ids: readonly string[]): Promise<Findings<KeysStatus>> {
  const { client, secret: name } = deps;
  const issues: HealthIssue[] = [];
  const [secret] = await client.getSecret({ name }, CALL).catch((error: unknown) => {
    if (codeOf(error) === CODE.notFound) return [undefined];
    throw error;
  });
  if (!secret) {
    if (ids.length > 0) issues.push(healthIssue('key_missing', name, 'The secret is gone.'));
    return { status: { missing: ids, tag_updated_count: 0 }, issues, unchecked: [UNLISTED] };
  }
  if (deps.kmsKey !== undefined && encryptedWith(secret) !== deps.kmsKey) {
    issues.push(healthIssue('key_encryption', name, `It has ${encryptedWith(secret) ?? "Google's own"}.`));
  }
  const labelIssue = secret.labels?.['managed-by'] === LABEL['managed-by'] ? undefined : await labelled(deps);
  if (labelIssue) issues.push(labelIssue);
  if (!(await isUsable(client, `${name}/versions/latest`))) {
    issues.push(healthIssue('key_missing', name, 'Its newest version is disabled, destroyed or not there.'));
  }
  const missing: string[] = [];
  for (const id of ids) if (!(await isUsable(client, `${name}/versions/${id}`))) missing.push(id);
  const tag_updated_count = labelIssue?.action === 'tag_updated' ? 1 : 0;
  return { status: { missing, tag_updated_count }, issues, unchecked: [UNLISTED] };
}

/** What it reads is thrown away at once: only that it can be read counts. */
async function isUsable(client: SecretManagerServiceClient, name: string): Promise<boolean> {
  try {
    await client.accessSecretVersion({ name }, CALL);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === CODE.notFound || code === CODE.failedPrecondition || code === CODE.invalidArgument) return false;
    throw error;
  }
}

async function labelled({ client, secret: name }: DataKeyDeps): Promise<HealthIssue> {
  try {
    const [secret] = await client.getSecret({ name }, CALL);
    const labels = { ...secret.labels, ...LABEL };
    await client.updateSecret({ secret: { name, labels }, updateMask: { paths: ['labels'] } }, CALL);
    return healthIssue('key_labels', name);
  } catch (error) {
    return healthIssue('key_labels', name, `It could not be: ${saidBy(error)}`, 'reported');
  }
}

type Secret = protos.google.cloud.secretmanager.v1.ISecret;

function encryptedWith({ replication }: Secret): string | undefined {
  const replica = replication?.automatic ?? replication?.userManaged?.replicas?.[0];
  return replica?.customerManagedEncryption?.kmsKeyName || undefined;
}
