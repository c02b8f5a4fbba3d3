import { GRANTS, type AccountId, type Grant } from '@runvoy/google-fakes';

/** One custom role of one account: what it may do on one kind of thing. */
export interface RoleRow {
  readonly account: AccountId;
  /** What it is granted on; module iam makes a grant or a condition of it. */
  readonly scope: Scope;
  readonly role_id: string;
  readonly permissions: readonly string[];
}

/** What the table grants on, by the words that Terraform knows it by. */
const SCOPES = {
  'projects/{project}': 'project',
  'projects/{project}/databases/{database}': 'database',
  'projects/{project}/secrets/{secretsPrefix}*': 'secrets',
  'projects/{project}/locations/{region}/buckets/{runLogBucket}/views/_AllLogs': 'run_logs',
  'projects/{project}/serviceAccounts/{jobAccount}': 'job_account',
  'projects/{project}/topics/{eventsTopic}': 'events_topic',
  'projects/{project}/topics/{deadLetterTopic}': 'dead_letter_topic',
  'projects/_/buckets/{archiveBucket}': 'archive',
  'projects/{project}/locations/{region}/services/{processorService}': 'processor',
} as const;

export type Scope = (typeof SCOPES)[keyof typeof SCOPES];

/** The roles that Terraform makes: the table of permissions, with an account's grants on the same thing in one role. */
export function roleTable(grants: Readonly<Record<string, readonly Grant[]>> = GRANTS): readonly RoleRow[] {
  return Object.entries(grants).flatMap(([account, own]) => {
    const scopes = new Map<Scope, Set<string>>();
    for (const { on, permissions } of own) {
      const scope = scopeOf(on);
      scopes.set(scope, new Set([...(scopes.get(scope) ?? []), ...permissions]));
    }
    return [...scopes].map(([scope, permissions]) => ({
      account: account as AccountId,
      scope,
      role_id: camel(`${account}_${scope}`),
      permissions: [...permissions].toSorted(),
    }));
  });
}

function scopeOf(on: string): Scope {
  if (!Object.hasOwn(SCOPES, on)) {
    throw new Error(
      `The permission table grants on ${on}, which Terraform has no grant for. Add it to tools/terraform and module iam.`,
    );
  }
  return SCOPES[on as keyof typeof SCOPES];
}

/** The id of a role holds no hyphen. */
const camel = (words: string): string =>
  words.replaceAll(/[-_](\w)/g, (_whole, letter: string) => letter.toUpperCase());
