import { LIMITS, ROLES, type Role } from '@runvoy/protocol';
import { Failure } from '../failure.ts';

/** What a key may do less than its user. */
export interface KeyScope {
  /** The key counts as this role where its user's is higher. */
  readonly ceiling?: Role;
  /** Its runs use these images only, by id or reference as it was given. */
  readonly images?: readonly string[];
  /** It uses and reads these secrets only. */
  readonly secrets?: readonly string[];
  /** So many of its runs may be under way at once. */
  readonly max_running?: number;
  /** The key whose runs are counted together with its own, by id; only with `max_running`. Absent: it is counted alone. */
  readonly counted_with?: string;
}

/** The lesser of two roles. */
export function lesserRole(role: Role, ceiling: Role | undefined): Role {
  return ceiling !== undefined && ROLES.indexOf(ceiling) > ROLES.indexOf(role) ? ceiling : role;
}

/** True when the scope says nothing about it, or names it. */
export function isWithin(allowed: readonly string[] | undefined, ...names: readonly string[]): boolean {
  return allowed === undefined || names.some((name) => allowed.includes(name));
}

/**
 * A scope as it is stored, checked. Who is held to some images or secrets counts as a developer at most: an operator could register
 * or read others. Fails with `UNPROCESSABLE`, naming the field.
 */
export function newScope({
  ceiling: asked,
  images,
  secrets,
  max_running = 0,
}: Omit<KeyScope, 'counted_with'>): KeyScope {
  if (asked !== undefined && !ROLES.includes(asked)) {
    throw new Failure('UNPROCESSABLE', `role must be one of ${ROLES.join(', ')}; got "${asked.slice(0, 80)}"`);
  }
  if (!Number.isInteger(max_running) || max_running < 0 || max_running > LIMITS.runningMax) {
    throw new Failure('UNPROCESSABLE', `max_running is 1 to ${LIMITS.runningMax}, or 0 for none; got ${max_running}.`);
  }
  const isHeld = images !== undefined || secrets !== undefined;
  const ceiling = isHeld ? lesserRole('developer', asked) : asked;
  return {
    ...(ceiling === undefined ? {} : { ceiling }),
    ...(images === undefined ? {} : { images: nameList('images', images) }),
    ...(secrets === undefined ? {} : { secrets: nameList('secrets', secrets) }),
    ...(max_running === 0 ? {} : { max_running }),
  };
}

/** The scope of a stored key, with the key whose runs its own are counted with said where they are counted. */
export function countedScope(keyId: string, scope: KeyScope = {}): KeyScope {
  return scope.max_running === undefined ? scope : { ...scope, counted_with: scope.counted_with ?? keyId };
}

/**
 * What both allow: a key never makes one that may more than itself. So the runs of what a limited key makes are counted with its own,
 * or a limit of two would be one of two for each key it makes. `by` is counted, as of `countedScope`.
 */
export function narrowed(scope: KeyScope, by: KeyScope): KeyScope {
  const images = both(scope.images, by.images);
  const secrets = both(scope.secrets, by.secrets);
  const ceiling = scope.ceiling === undefined ? by.ceiling : lesserRole(scope.ceiling, by.ceiling);
  return {
    ...(ceiling === undefined ? {} : { ceiling }),
    ...(images === undefined ? {} : { images }),
    ...(secrets === undefined ? {} : { secrets }),
    ...fewerRunning(scope, by),
  };
}

function fewerRunning(scope: KeyScope, by: KeyScope): Pick<KeyScope, 'max_running' | 'counted_with'> {
  const max_running = Math.min(scope.max_running ?? Infinity, by.max_running ?? Infinity);
  if (max_running === Infinity) return {};
  const counted_with = by.counted_with ?? scope.counted_with;
  return { max_running, ...(counted_with === undefined ? {} : { counted_with }) };
}

function both(one: readonly string[] | undefined, other: readonly string[] | undefined) {
  return one === undefined ? other : one.filter((name) => isWithin(other, name));
}

function nameList(field: string, given: readonly string[]): readonly string[] {
  if (given.length > LIMITS.namesPerKey) {
    throw new Failure('UNPROCESSABLE', `${field} has ${given.length} names; the limit is ${LIMITS.namesPerKey}.`);
  }
  const trimmed = [...new Set(given.map((name) => name.trim()))];
  const odd = trimmed.find((name) => name === '' || name.length > LIMITS.imageChars);
  if (odd !== undefined) {
    throw new Failure('UNPROCESSABLE', `${field}: a name has 1 to ${LIMITS.imageChars} characters; got ${odd.length}.`);
  }
  return trimmed;
}
