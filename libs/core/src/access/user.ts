import type { Role } from '@runvoy/protocol';
import { recordIdOf } from '../records/record-id.ts';
import type { DeclaredQuery, Ref } from '../records/records.ts';
import type { Millis } from '../time/clock.ts';

/** A person, or a service. The e-mail is the identity, compared without regard to case, and stays taken after a revocation. */
export interface User {
  readonly email: string;
  readonly role: Role;
  readonly revoked: boolean;
  readonly created_at_ms: Millis;
  readonly last_used_at_ms?: Millis;
  readonly created_by_request_id: string;
  readonly modified_by_request_id: string;
}

/**
 * Deliberately small: an address is proven by whoever receives the claim, not by a pattern. Control characters would reach terminals,
 * and one that shows nothing would make two users look like one.
 */
const EMAIL = /^[^\s\p{Cc}\p{Cf}@<>"]+@[^\s\p{Cc}\p{Cf}@<>"]+$/u;

/** True for what can be an e-mail address; its length is another question. */
export function isEmail(text: string): boolean {
  return EMAIL.test(text);
}

const SERVICE = /^service:[a-z0-9][a-z0-9._-]{0,62}$/;

/** True for the name of a user that is no person: a pipeline, an agent. Stands wherever an e-mail does. */
export function isServiceUser(text: string): boolean {
  return SERVICE.test(text);
}

/** How an e-mail is compared and stored. */
export function normalEmail(email: string): string {
  return email.trim().toLowerCase();
}

export const userRef = (email: string): Ref<User> => ({
  collection: 'users',
  id: recordIdOf(normalEmail(email)),
});
export const usersByEmail: DeclaredQuery<User> = { name: 'usersByEmail' };
