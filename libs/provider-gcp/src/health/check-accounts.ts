import { healthIssue, type Findings } from '@runvoy/core';
import type { HealthIssue, IdentityStatus, Unchecked } from '@runvoy/protocol';
import { statusOf, type IamApi } from './iam-api.ts';

export interface Accounts {
  readonly serviceAccounts: readonly string[];
  readonly defaultServiceAccount: string;
}

/**
 * What of a deployment's rights no account of ours may read. To read a policy is to learn everybody's roles, to change one is to
 * take any; so neither is granted, and both are looked at by whoever deploys.
 */
export const NOT_READ: readonly Unchecked[] = [
  {
    what: 'roles of the job accounts',
    why: "No account may read the project's policy (resourcemanager.projects.getIamPolicy). They must hold none: compare with Terraform.",
  },
  {
    what: 'invoker of the processor',
    why: "No account may read a service's policy (run.services.getIamPolicy). That ticks and events arrive says that the caller's is there.",
  },
  {
    what: 'text of the schedules',
    why: 'No account may read Cloud Scheduler (cloudscheduler.jobs.get). Late ones are told under ticks_status.',
  },
  {
    what: 'topics, subscriptions and sinks',
    why: 'No account may read them (pubsub.topics.get, logging.sinks.get). Events that cannot be published are told under topics_status.',
  },
];

/** Whether the accounts that jobs run as exist and are enabled. Where that may not be read, it is said. */
export async function checkAccounts(
  iam: IamApi,
  { serviceAccounts, defaultServiceAccount }: Accounts,
): Promise<Findings<IdentityStatus>> {
  const issues: HealthIssue[] = [];
  const good: string[] = [];
  for (const email of serviceAccounts) {
    try {
      const state = await iam.stateOf(email);
      if (state === 'enabled') good.push(email);
      else issues.push(healthIssue('account_missing', email, `It is ${state}.`));
    } catch (error) {
      if (statusOf(error) !== 403) throw error;
      return accountsUnread({ serviceAccounts });
    }
  }
  const missing = issues.map(({ resource_id }) => resource_id);
  const status = {
    ...found(good, serviceAccounts, missing),
    default_roles_verified: good.includes(defaultServiceAccount),
  };
  return { status, issues, unchecked: NOT_READ };
}

/** What is told where the accounts may not be read. */
export function accountsUnread({ serviceAccounts }: Pick<Accounts, 'serviceAccounts'>): Findings<IdentityStatus> {
  const why = "This service's account may not read accounts (iam.serviceAccounts.get); the scheduled report has it.";
  const unchecked = [{ what: 'job accounts', why }, ...NOT_READ];
  return { status: found([], serviceAccounts, []), issues: [], unchecked };
}

function found(good: readonly string[], all: readonly string[], missing: readonly string[]): IdentityStatus {
  return {
    default_roles_verified: false,
    custom_roles_verified: good.length,
    custom_roles_total: all.length,
    missing_roles: missing,
  };
}
