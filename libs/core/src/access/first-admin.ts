import type { Records } from '../records/records.ts';
import type { Clock } from '../time/clock.ts';
import { apiKeyRef, newApiKey } from './api-key.ts';
import type { RandomBytes } from './tokens.ts';
import { normalEmail, userRef, usersByEmail } from './user.ts';

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
    const { records: anybody } = await tx.page(usersByEmail, { limit: 1 });
    if (anybody.length > 0) return undefined;
    const now = clock.now();
    const { text, key } = newApiKey(random, { user_email: email, name: about.key_name, nowMs: now });
    tx.create(userRef(email), {
      email,
      role: 'admin',
      revoked: false,
      created_at_ms: now,
      created_by_request_id: about.request_id,
      modified_by_request_id: about.request_id,
    });
    tx.create(apiKeyRef(key.key_id), key);
    return { api_key: text };
  });
}

/** A further key for an existing user, for whoever owns the machine the server runs on. */
export async function issueKey(
  { records, clock, random }: Deps,
  about: { readonly email: string; readonly key_name: string },
): Promise<{ readonly api_key: string }> {
  const { text, key } = newApiKey(random, {
    user_email: normalEmail(about.email),
    name: about.key_name,
    nowMs: clock.now(),
  });
  await records.create(apiKeyRef(key.key_id), key);
  return { api_key: text };
}
