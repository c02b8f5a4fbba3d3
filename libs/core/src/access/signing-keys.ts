import { createHmac } from 'node:crypto';

/** The deployment's secret from which session keys and tickets are made. `previous` still verifies, so that it can be rotated. */
export interface SigningKeys {
  readonly current: SigningKey;
  readonly previous?: SigningKey;
}

export interface SigningKey {
  /** Short and not secret; travels with whatever was signed. */
  readonly id: string;
  /** At least 32 bytes. */
  readonly secret: Uint8Array;
}

/** The key of this id, current or previous. */
export function findSigningKey(keys: SigningKeys, id: string): SigningKey | undefined {
  return [keys.current, keys.previous].find((key) => key?.id === id);
}

/** Hex HMAC-SHA256 of `text`; the first line of `text` must name what is signed, so that no two uses can be confused. */
export function sign(secret: Uint8Array, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex');
}
