import { createHash } from 'node:crypto';

/** Firestore's bound, which every store keeps. */
const MAX_ID_BYTES = 1_500;
/** Names a store keeps to itself. */
const RESERVED = /^(\.{1,2}|__.*__)$/s;

/**
 * The record id of a text that somebody else chose: an e-mail, an image. Every text has one, so that what cannot be stored is
 * not found, and never an error of the store.
 */
export function recordIdOf(text: string): string {
  // Half a character has no percent-encoding.
  const id = encodeURIComponent(text.toWellFormed());
  // No encoding is a lone percent sign, so that no other text has this id.
  if (id === '') return '%';
  if (id.length > MAX_ID_BYTES) return `sha256-${createHash('sha256').update(text).digest('hex')}`;
  return RESERVED.test(id) ? `%${id.charCodeAt(0).toString(16).toUpperCase()}${id.slice(1)}` : id;
}
