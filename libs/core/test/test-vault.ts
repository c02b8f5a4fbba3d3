import { Failure } from '../src/failure.ts';
import type { SealContext, SecretVault } from '../src/secrets/secret-vault.ts';

const MASK = 0x5a;

/** A vault that hides nothing from anyone who tries, but keeps plain text out of the store and opens only where it was sealed for. */
export const testVault: SecretVault = {
  async seal(plain, context) {
    const head = new TextEncoder().encode(`${placeOf(context)}\n`);
    return Uint8Array.from([...head, ...plain], (byte) => byte ^ MASK);
  },
  async open(sealed, context) {
    const bytes = sealed.map((byte) => byte ^ MASK);
    const end = bytes.indexOf(10);
    const place = new TextDecoder().decode(bytes.slice(0, end));
    if (place !== placeOf(context)) {
      throw new Failure('INTERNAL_ERROR', '', { cause: new Error(`sealed for ${place}`) });
    }
    return bytes.slice(end + 1);
  },
};

function placeOf({ collection, id, field }: SealContext): string {
  return `${collection}/${id}/${field}`;
}
