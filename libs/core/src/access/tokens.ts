import { createHash, timingSafeEqual } from 'node:crypto';

/** Draws unguessable bytes; an argument so that tests decide what is drawn. */
export type RandomBytes = (count: number) => Uint8Array;

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** 32 hex characters: the form of runvoy's execution ids. */
export function newExecutionId(random: RandomBytes): string {
  return Buffer.from(random(16)).toString('hex');
}

/** 20 base32 characters (100 bits): ids of everything else. */
export function newRecordId(random: RandomBytes): string {
  return Array.from(random(20), (byte) => BASE32[byte & 31]).join('');
}

/** 32 random bytes in base64url: a token that is worth what it opens. */
export function newToken(random: RandomBytes): string {
  return Buffer.from(random(32)).toString('base64url');
}

/** Hex SHA-256: the only form in which a token is stored. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Compares two hex digests in constant time. */
export function sameHash(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
