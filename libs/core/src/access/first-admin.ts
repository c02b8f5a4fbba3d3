import { openAudit } from '../audit/audit.ts';
import type { Records } from '../records/records.ts';
import type { Clock } from '../time/clock.ts';
import { apiKeyRef, newApiKey } from './api-key.ts';
import { Failure } from '../failure.ts';
import { claimForHash, newClaim } from './claim.ts';
import type { RandomBytes } from './tokens.ts';
import { normalEmail, userRef, usersByEmail, type User } from './user.ts';

interface Deps {
  readonly records: Records;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

/** Creates the first admin with a key when there is no user at all; otherwise does nothing and answers undefined. */
export async function createFirstAdmin(
  { records, clock, random }: Deps,
  about: { readonly email: string; readonly key_name: string; readonly request_id: string },
): Promise<{ readonly api_key: string } | undefined> {
  const email = normalEmail(about.email);
  return records.transact(async (tx) => {
    const audit = await openAudit(tx);
    const { records: anybody } = await tx.page(usersByEmail, { limit: 1 });
    if (anybody.length > 0) return undefined;
    const now = clock.now();
    const { text, key } = newApiKey(random, { user_email: email, name: about.key_name, nowMs: now });
    tx.create(userRef(email), newAdmin(email, about.request_id, now));
    tx.create(apiKeyRef(key.key_id), key);
    const by = { email, requestId: about.request_id };
    audit({ at_ms: now, action: 'user.create', by, subject: email, details: { role: 'admin', key_id: key.key_id } });
    return { api_key: text };
  });
}

/** Who is to be let in. */
interface DoorFor {
  readonly email: string;
  readonly key_name: string;
  readonly request_id: string;
}

/**
 * A single-use way in for the admin of a deployment, who is created when there is no user at all. For whoever runs this beside the
 * store: to write there is to be admin anyway. Fails with `CONFLICT` when there are users and this one is no admin.
 */
export async function openAdminDoor(
  deps: Deps,
  about: DoorFor,
): Promise<{ readonly claim_token: string; readonly expires_at_ms: number; readonly isNew: boolean }> {
  const { token, ...made } = newClaim(deps.random, { ...claimAbout(about), nowMs: deps.clock.now() });
  return { claim_token: token, ...(await storeDoor(deps, about, made)) };
}

/**
 * The same for a token that was drawn elsewhere, by its hash (hex SHA-256): what is stored, sent and logged on the way here lets nobody
 * in. Fails with `RECORD_EXISTS` when the hash was used before.
 */
export async function openAdminDoorByHash(
  deps: Deps,
  about: DoorFor,
  hash: string,
): Promise<{ readonly expires_at_ms: number; readonly isNew: boolean }> {
  return storeDoor(deps, about, claimForHash(hash, { ...claimAbout(about), nowMs: deps.clock.now() }));
}

const claimAbout = ({ email, key_name }: DoorFor) => ({ user_email: normalEmail(email), key_name });

async function storeDoor(
  { records, clock }: Deps,
  about: DoorFor,
  { ref, claim }: ReturnType<typeof claimForHash>,
): Promise<{ readonly expires_at_ms: number; readonly isNew: boolean }> {
  const email = claim.user_email;
  const isNew = await records.transact(async (tx) => {
    const audit = await openAudit(tx);
    const { records: anybody } = await tx.page(usersByEmail, { limit: 1 });
    const known = await tx.get(userRef(email));
    if (anybody.length > 0 && (known?.role !== 'admin' || known.revoked)) {
      throw new Failure('CONFLICT', `There are users already, and ${email} is none of their admins. Name one who is.`);
    }
    if (!known) tx.create(userRef(email), newAdmin(email, about.request_id, clock.now()));
    tx.create(ref, claim);
    const by = { email, requestId: about.request_id };
    const details = { role: 'admin', is_new: String(!known) };
    audit({ at_ms: claim.created_at_ms, action: 'sign-in.create', by, subject: email, details });
    return !known;
  });
  return { expires_at_ms: claim.expires_at_ms, isNew };
}

function newAdmin(email: string, requestId: string, nowMs: number): User {
  return {
    email,
    role: 'admin',
    revoked: false,
    created_at_ms: nowMs,
    created_by_request_id: requestId,
    modified_by_request_id: requestId,
  };
}

/** A further key for an existing user, for whoever owns the machine the server runs on. */
export async function issueKey(
  { records, clock, random }: Deps,
  about: { readonly email: string; readonly key_name: string; readonly request_id: string },
): Promise<{ readonly api_key: string }> {
  const { text, key } = newApiKey(random, {
    user_email: normalEmail(about.email),
    name: about.key_name,
    nowMs: clock.now(),
  });
  await records.transact(async (tx) => {
    const audit = await openAudit(tx);
    tx.create(apiKeyRef(key.key_id), key);
    audit({
      at_ms: key.created_at_ms,
      action: 'key.create',
      by: { email: key.user_email, requestId: about.request_id },
      subject: key.key_id,
      details: { user: key.user_email, name: key.name },
    });
  });
  return { api_key: text };
}
