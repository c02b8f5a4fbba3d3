import { ROLES, type AuthorizerStatus, type HealthIssue, type Unchecked } from '@runvoy/protocol';
import { listUsers } from '../access/users.ts';
import { executionsNewestFirst } from '../executions/execution.ts';
import type { RunWithoutCommand } from '../executions/unfinished.ts';
import type { Image } from '../images/image.ts';
import type { Secret } from '../secrets/secret.ts';
import type { Records } from '../records/records.ts';
import { healthIssue } from './health-checks.ts';
import type { Findings, KnownThings } from './health-probe.ts';

/** Owners never change: to read a million of them every hour would tell nothing new. */
const RUNS_READ = 500;

export const NO_ACCESS: AuthorizerStatus = {
  users_with_invalid_roles: [],
  users_with_missing_roles: [],
  resources_with_missing_owners: [],
  orphaned_ownerships: [],
  missing_ownerships: [],
  total_users_checked: 0,
  total_resources_checked: 0,
};

/** Who may do what: every user's role, and the owners of every image and secret, of every unfinished run and of the newest 500. */
export async function checkAccess(records: Records, known: KnownThings): Promise<Findings<AuthorizerStatus>> {
  const users = await listUsers(records);
  const newest = await records.page(executionsNewestFirst, { limit: RUNS_READ });
  const runs = new Map([...known.unfinished, ...newest.records.map(({ value }) => value)].map(byId));
  const owned = [
    ...known.images.map(ownedImage),
    ...known.secrets.map(ownedSecret),
    ...[...runs.values()].map(ownedRun),
  ];
  const emails = new Set(users.map(({ email }) => email));

  const isRole = (role: string) => ROLES.some((one) => one === role);
  const invalid = users.filter(({ role, email }) => email === '' || !isRole(role ?? ''));
  const ownerless = owned.filter(({ creator, owners }) => creator === '' || owners.length === 0);
  const orphaned = owned.flatMap(({ name, owners }) =>
    owners.filter((owner) => !emails.has(owner)).map((owner) => `${name} -> ${owner}`),
  );
  const issues: HealthIssue[] = [
    ...invalid.map(({ email, role }) => healthIssue('user_invalid_role', email, `Its role is "${role ?? ''}".`)),
    ...ownerless.map(({ name }) => healthIssue('owner_missing', name)),
    ...orphaned.map((pair) => healthIssue('owner_unknown', pair)),
  ];
  const unchecked: Unchecked[] = newest.next
    ? [{ what: 'owners of ended runs', why: `Only the newest ${RUNS_READ} are read; owners never change.` }]
    : [];
  return {
    status: {
      users_with_invalid_roles: invalid.filter(({ role }) => role).map(({ email }) => email),
      users_with_missing_roles: invalid.filter(({ role }) => !role).map(({ email }) => email),
      resources_with_missing_owners: ownerless.map(({ name }) => name),
      orphaned_ownerships: orphaned,
      // Ownership is part of the thing that is owned: there is no second list that could lack an entry.
      missing_ownerships: [],
      total_users_checked: users.length,
      total_resources_checked: owned.length,
    },
    issues,
    unchecked,
  };
}

interface Owned {
  readonly name: string;
  readonly creator: string;
  readonly owners: readonly string[];
}

const byId = (run: RunWithoutCommand) => [run.execution_id, run] as const;
const ownedImage = (image: Image): Owned => ({
  name: `image:${image.image_id}`,
  creator: image.created_by,
  owners: image.owned_by,
});
const ownedSecret = (secret: Secret): Owned => ({
  name: `secret:${secret.name}`,
  creator: secret.created_by,
  owners: secret.owned_by,
});
const ownedRun = (run: RunWithoutCommand): Owned => ({
  name: `execution:${run.execution_id}`,
  creator: run.created_by,
  owners: run.owned_by,
});
