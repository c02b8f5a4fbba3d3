import type { Authorize } from './authorize.ts';
import { accountEmail, GRANTS, type AccountId, type Deployment, type Grant } from './permissions.ts';
import { projectNumber } from './project-number.ts';

/** A permission of an account that was asked for, or that is granted. */
export type Use = { account: string; permission: string; resource: string };

/** IAM of one project: answers every fake from one table and remembers what it was asked. */
export interface Iam {
  readonly authorize: Authorize;
  /** Everything that was asked for and granted, each once. */
  readonly used: () => Use[];
  /** Everything that was asked for and refused, each once: a grant that the table lacks, or a call nobody may make. */
  readonly refused: () => Use[];
  /** What the table grants and nobody has used, as `account permission`. The emulators ask nobody, so theirs are left out. */
  readonly unused: () => string[];
  /** Takes a permission away, as an administrator does it while things run; the function returned gives it back. */
  readonly revoke: (account: string, permission: string) => () => void;
}

const NOT_ASKED = ['datastore.', 'pubsub.'];

type Entry = { account: string; permission: string; on: string };

export function createIam(
  deployment: Deployment,
  {
    jobAccounts = [accountEmail('runvoy-job', deployment.project)],
    grants = GRANTS,
  }: { jobAccounts?: readonly string[]; grants?: Readonly<Record<string, readonly Grant[]>> } = {},
): Iam {
  const entries = Object.entries(grants).flatMap(([account, own]) =>
    own.flatMap(({ permissions, on }) =>
      jobAccounts.flatMap((jobAccount) => {
        const resource = fill(on, { ...deployment, jobAccount });
        const email = accountEmail(account as AccountId, deployment.project);
        return permissions.map((permission): Entry => ({ account: email, permission, on: resource }));
      }),
    ),
  );
  const used = new Map<string, Use>();
  const refused = new Map<string, Use>();
  const revoked = new Set<string>();
  const number = projectNumber(deployment.project);

  return {
    authorize(account = 'nobody', permission, resource) {
      const named = resource.replace(new RegExp(`^projects/${number}(?=/|$)`), `projects/${deployment.project}`);
      const holds = entries.some(
        (entry) => entry.account === account && entry.permission === permission && covers(entry.on, named),
      );
      const granted = holds && !revoked.has(`${account} ${permission}`);
      (granted ? used : refused).set(`${account} ${permission} ${named}`, { account, permission, resource: named });
      return granted;
    },
    used: () => [...used.values()],
    refused: () => [...refused.values()],
    unused() {
      const asked = new Set(Array.from(used.values(), ({ account, permission }) => `${account} ${permission}`));
      const all = new Set(entries.map(({ account, permission }) => `${account} ${permission}`));
      return [...all].filter((key) => !asked.has(key) && !NOT_ASKED.some((service) => key.includes(` ${service}`)));
    },
    revoke(account, permission) {
      revoked.add(`${account} ${permission}`);
      return () => void revoked.delete(`${account} ${permission}`);
    },
  };
}

/** A grant holds for what it names and everything below it. */
function covers(on: string, resource: string): boolean {
  if (on.endsWith('*')) return resource.startsWith(on.slice(0, -1));
  return resource === on || resource.startsWith(`${on}/`);
}

function fill(pattern: string, values: Readonly<Record<string, string>>): string {
  return pattern.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`The permission table names {${name}}, which no deployment has.`);
    return value;
  });
}
