import { LIMITS, ROLES, type CreateUserRequest, type Role } from '@runvoy/protocol';
import { openAudit, type ActedBy } from '../audit/audit.ts';
import { Failure } from '../failure.ts';
import type { Records, Tx } from '../records/records.ts';
import type { Clock } from '../time/clock.ts';
import type { Caller } from './authenticate.ts';
import { KEEP_NOTHING, type Keep } from '../idempotency/once.ts';
import { newClaim } from './claim.ts';
import type { RandomBytes } from './tokens.ts';
import { isEmail, isServiceUser, normalEmail, userRef, usersByEmail, type User } from './user.ts';

interface Deps {
  readonly records: Records;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

/** A user and the token of the claim for the first key, which exists only in this answer. */
export interface NewUser {
  readonly user: User;
  readonly claim_token: string;
}

/** A token to sign in with, which exists only in this answer. */
export interface SignIn {
  readonly claim_token: string;
  readonly expires_at_ms: number;
}

/**
 * Creates a user with a claim for the first key, which is held to what `held` is. Fails with `CONFLICT` when the e-mail is taken, also by
 * a revoked user.
 */
export async function createUser(
  { records, clock, random }: Deps,
  request: CreateUserRequest,
  by: ActedBy,
  keep: Keep<NewUser> = KEEP_NOTHING,
  held: Pick<Caller, 'scope'> = { scope: {} },
): Promise<NewUser> {
  const user = newUser(request, by.requestId, clock.now());
  return records.transact(async (tx) => {
    const audit = await openAudit(tx);
    if (await tx.get(userRef(user.email))) throw new Failure('CONFLICT', 'user with this email already exists');
    const { token, ref, claim } = newClaim(random, {
      user_email: user.email,
      key_name: 'first key',
      nowMs: clock.now(),
      answer_id: keep.id,
      scope: held.scope,
    });
    keep.put(tx, { user, claim_token: token }, claim.expires_at_ms);
    tx.create(userRef(user.email), user);
    tx.create(ref, claim);
    const { email, role, created_at_ms: at_ms } = user;
    audit({ at_ms, action: 'user.create', by, subject: email, details: { role } });
    return { user, claim_token: token };
  });
}

function newUser(request: CreateUserRequest, requestId: string, nowMs: number): User {
  const email = normalEmail(request.email);
  if (email === '') throw new Failure('INVALID_REQUEST', 'email is required');
  if (email.length > LIMITS.emailChars) {
    throw new Failure('UNPROCESSABLE', `email is ${email.length} characters; the limit is ${LIMITS.emailChars}.`);
  }
  if (!isEmail(email) && !isServiceUser(email)) {
    throw new Failure(
      'INVALID_REQUEST',
      `"${request.email.slice(0, 80)}" is neither an e-mail address nor service:<name>`,
    );
  }
  requireRole(request.role);
  return {
    email,
    role: request.role satisfies Role,
    revoked: false,
    created_at_ms: nowMs,
    created_by_request_id: requestId,
    modified_by_request_id: requestId,
  };
}

function requireRole(role: string): asserts role is Role {
  if ((ROLES as readonly string[]).includes(role)) return;
  throw new Failure('INVALID_REQUEST', `role must be one of ${ROLES.join(', ')}; got "${role.slice(0, 80)}"`);
}

/** A fresh, single-use way in for an existing user, to no more than `limits`. Fails with `NOT_FOUND`. */
export async function issueSignIn(
  { records, clock, random }: Deps,
  email: string,
  keyName: string,
  by: ActedBy,
  limits: Pick<Caller, 'scope' | 'key_expires_at_ms'> = { scope: {} },
  keep: Keep<SignIn> = KEEP_NOTHING,
): Promise<SignIn> {
  const { scope, key_expires_at_ms } = limits;
  const { token, ref, claim } = newClaim(random, {
    user_email: normalEmail(email),
    key_name: keyName,
    nowMs: clock.now(),
    answer_id: keep.id,
    scope,
    ...(key_expires_at_ms === undefined ? {} : { key_expires_at_ms }),
  });
  const signIn = { claim_token: token, expires_at_ms: claim.expires_at_ms };
  return records.transact(async (tx) => {
    const audit = await openAudit(tx);
    if (!(await tx.get(userRef(email)))) throw new Failure('NOT_FOUND', 'user not found');
    keep.put(tx, signIn, claim.expires_at_ms);
    tx.create(ref, claim);
    audit({ at_ms: claim.created_at_ms, action: 'sign-in.create', by, subject: claim.user_email });
    return signIn;
  });
}

/**
 * Revokes a user: all keys stop working with the next request. Revoking twice is no error.
 * Fails with `NOT_FOUND`, and with `CONFLICT` for the last admin, who could never be let in again. `requireState` is asked within the
 * transaction and throws to refuse, here and below.
 */
export async function revokeUser(
  { records, clock }: Deps,
  email: string,
  by: ActedBy,
  requireState: (user: User) => void = () => undefined,
): Promise<User> {
  if (email.trim() === '') throw new Failure('INVALID_REQUEST', 'email is required');
  return records.transact(async (tx) => {
    const audit = await openAudit(tx);
    const user = await tx.get(userRef(email));
    if (!user) throw new Failure('NOT_FOUND', 'user not found');
    requireState(user);
    if (user.revoked) return user;
    await requireAnotherAdmin(tx, user);
    const revoked = { ...user, revoked: true, modified_by_request_id: by.requestId };
    tx.set(userRef(email), revoked);
    audit({ at_ms: clock.now(), action: 'user.revoke', by, subject: user.email });
    return revoked;
  });
}

/**
 * Gives a user another role, which holds from their next request on, and on open streams within 30 s. The same role is no error.
 * Fails with `NOT_FOUND`, with `INVALID_REQUEST` for an unknown role, and with `CONFLICT` for the last admin or a revoked user.
 */
export async function changeRole(
  { records, clock }: Deps,
  email: string,
  role: string,
  by: ActedBy,
  requireState: (user: User) => void = () => undefined,
): Promise<User> {
  requireRole(role);
  return records.transact(async (tx) => {
    const audit = await openAudit(tx);
    const user = await tx.get(userRef(email));
    if (!user) throw new Failure('NOT_FOUND', 'user not found');
    requireState(user);
    if (user.revoked) throw new Failure('CONFLICT', `${user.email} is revoked; a role would change nothing.`);
    if (user.role === role) return user;
    await requireAnotherAdmin(tx, user);
    const changed = { ...user, role, modified_by_request_id: by.requestId };
    tx.set(userRef(email), changed);
    audit({
      at_ms: clock.now(),
      action: 'user.change',
      by,
      subject: user.email,
      details: { from: user.role, to: role },
    });
    return changed;
  });
}

/** Without an admin nobody could let anybody in again. */
async function requireAnotherAdmin(tx: Tx, user: User): Promise<void> {
  if (user.role !== 'admin') return;
  const others = (await usersOf(tx)).filter((other) => other.role === 'admin' && !other.revoked);
  if (others.some((other) => other.email !== user.email)) return;
  throw new Failure('CONFLICT', `${user.email} is the last admin. Create another one first.`);
}

/** One user. Fails with `NOT_FOUND`. */
export async function readUser(records: Records, email: string): Promise<User> {
  const stored = await records.get(userRef(email));
  if (!stored) throw new Failure('NOT_FOUND', 'user not found');
  return stored.value;
}

/** All users by e-mail, revoked ones included. */
export function listUsers(records: Records): Promise<readonly User[]> {
  return usersOf(records);
}

async function usersOf(records: Pick<Tx, 'page'>): Promise<readonly User[]> {
  const users: User[] = [];
  let from: string | undefined;
  do {
    const page = await records.page(usersByEmail, { limit: LIMITS.listPage }, from);
    users.push(...page.records.map((record) => record.value));
    from = page.next;
  } while (from !== undefined);
  return users;
}
