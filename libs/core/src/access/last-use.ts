import type { Records } from '../records/records.ts';
import type { Millis } from '../time/clock.ts';
import { keysOfUser } from './api-key.ts';

const KEYS_A_PAGE = 100;
const USERS_AT_ONCE = 20;

/**
 * When each of these users last asked anything, by their newest used key; users who never did are left out. Kept with keys alone, so
 * that a request writes one record at most, and worked out when somebody looks: one query a user.
 */
export async function lastUses(records: Records, emails: readonly string[]): Promise<ReadonlyMap<string, Millis>> {
  const uses = new Map<string, Millis>();
  for (let at = 0; at < emails.length; at += USERS_AT_ONCE) {
    const some = emails.slice(at, at + USERS_AT_ONCE);
    const found = await Promise.all(some.map(async (email) => [email, await lastUseOf(records, email)] as const));
    for (const [email, usedMs] of found) if (usedMs !== undefined) uses.set(email, usedMs);
  }
  return uses;
}

async function lastUseOf(records: Records, user_email: string): Promise<Millis | undefined> {
  let last = 0;
  let from: string | undefined;
  do {
    const page = await records.page(keysOfUser, { equal: { user_email }, limit: KEYS_A_PAGE }, from);
    for (const { value } of page.records) last = Math.max(last, value.last_used_at_ms ?? 0);
    from = page.next;
  } while (from !== undefined);
  return last === 0 ? undefined : last;
}
