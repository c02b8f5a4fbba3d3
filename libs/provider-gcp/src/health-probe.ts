import type { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import type { Clock, HealthProbe } from '@runvoy/core';
import { plaintextEndpoint } from './endpoint.ts';
import { accountsUnread, checkAccounts } from './health/check-accounts.ts';
import { checkDataKey } from './health/check-data-key.ts';
import { checkJobs } from './health/check-jobs.ts';
import { JOB_LIMITS, type JobLimits } from './health/free-jobs.ts';
import { openIamApi } from './health/iam-api.ts';
import { openRunApi } from './job-runner/open-run-api.ts';
import type { CloudRunSettings } from './job-runner/settings.ts';

export interface GcpHealthProbeOptions extends CloudRunSettings {
  readonly secretsPrefix: string;
  readonly kmsKey?: string | undefined;
  /** The account it runs as may read the job accounts. Who may not is not to ask: a refusal is an alarm. */
  readonly readsAccounts: boolean;
  readonly clock: Clock;
  /** 0 to 1, for waits. */
  readonly random: () => number;
  /** `host:port` of a fake; absent: Google itself. */
  readonly runEndpoint?: string | undefined;
  readonly secretManagerEndpoint?: string | undefined;
  readonly iamEndpoint?: string | undefined;
  /** Google's own unless told. */
  readonly jobLimits?: JobLimits;
}

/**
 * Looks at Cloud Run Jobs, at the secret of the data keys and at the job accounts, with what the account it runs as may read.
 * Google's clients are loaded with the first call.
 */
export function openHealthProbe(options: GcpHealthProbeOptions): HealthProbe & AsyncDisposable {
  const { project, region, clock, random, jobLimits: limits = JOB_LIMITS } = options;
  const api = openRunApi({ project, endpoint: options.runEndpoint });
  const iam = openIamApi(options.iamEndpoint);
  let secrets: Promise<SecretManagerServiceClient> | undefined;
  const secret = `projects/${project}/secrets/${options.secretsPrefix}-data-key`;
  return {
    compute: (known) => checkJobs({ api, clock, random, place: { project, region }, settings: options, limits }, known),
    async keys(ids) {
      secrets ??= openSecrets(project, options.secretManagerEndpoint);
      return checkDataKey({ client: await secrets, secret, kmsKey: options.kmsKey }, ids);
    },
    identity: async () => (options.readsAccounts ? checkAccounts(iam, options) : accountsUnread(options)),
    async [Symbol.asyncDispose]() {
      await api.close();
      await (await secrets)?.close();
    },
  };
}

async function openSecrets(projectId: string, endpoint: string | undefined): Promise<SecretManagerServiceClient> {
  const { SecretManagerServiceClient: Client } = await import('@google-cloud/secret-manager');
  return new Client({ projectId, ...(await plaintextEndpoint(endpoint)) });
}
