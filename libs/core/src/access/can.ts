import { Failure } from '../failure.ts';
import { executionRef } from '../executions/execution.ts';
import { playbookRef } from '../playbooks/playbook.ts';
import type { Records } from '../records/records.ts';
import { secretRef } from '../secrets/secret.ts';
import type { Caller } from './authenticate.ts';
import { holdersOf, isPermission, may, type Permission } from './permissions.ts';

/** What a question about a permission is answered with. */
export interface Answered {
  readonly allowed: boolean;
  readonly rule: string;
}

/**
 * Says whether the caller may, and by which rule, without doing anything. `thing` names what it is about: `execution:<id>`,
 * `secret:<name>`, `playbook:<name>`; nothing for permissions about no thing of their own. What the caller may not know of counts as not theirs.
 * Fails with `INVALID_REQUEST` for a permission there is not.
 */
export async function can(
  { records }: { readonly records: Records },
  caller: Caller,
  permission: string,
  thing: string | undefined,
): Promise<Answered> {
  if (!isPermission(permission)) {
    throw new Failure(
      'INVALID_REQUEST',
      `There is no permission "${permission.slice(0, 80)}". docs/permissions.md lists them.`,
    );
  }
  const owners = await holdersOfThing(records, permission, thing);
  const isOwner = owners.includes(caller.user.email);
  const allowed = may(caller, permission, owners);
  const about =
    thing === undefined
      ? ''
      : ` ${thing.slice(0, 120)} is ${isOwner ? '' : 'not '}yours${isOwner && permission === 'secret.use' ? ' or granted to you' : ''}.`;
  return {
    allowed,
    rule: `"${permission}" needs one of: ${holdersOf(permission).join(', ')}. Your role is ${caller.user.role}.${about}`,
  };
}

async function holdersOfThing(
  records: Records,
  permission: Permission,
  thing: string | undefined,
): Promise<readonly string[]> {
  if (thing === undefined) return [];
  const [kind, name = ''] = thing.split(/:(.*)/s, 2);
  if (kind === 'execution') {
    return /^[0-9a-f]{32}$/.test(name) ? ((await records.get(executionRef(name)))?.value.owned_by ?? []) : [];
  }
  if (kind === 'secret') {
    const secret = (await records.get(secretRef(name)))?.value;
    // Who was granted the use counts as an owner for using, for nothing else.
    return [...(secret?.owned_by ?? []), ...(permission === 'secret.use' ? (secret?.granted_to ?? []) : [])];
  }
  if (kind === 'playbook') {
    const playbook = (await records.get(playbookRef(name)))?.value;
    return playbook?.listed ? playbook.owned_by : [];
  }
  throw new Failure(
    'INVALID_REQUEST',
    `A thing is execution:<id>, secret:<name> or playbook:<name>; got "${thing.slice(0, 80)}".`,
  );
}
