import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Failure } from '@runvoy/core';
import type { SealContext, SecretVault } from '@runvoy/core';
import { openVaultKeys } from './vault-keys.ts';
import type { VaultKeys } from './vault-keys.ts';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * A vault whose keys lie in a file that only its owner may read; the file is created when missing.
 *
 * Throws an Error fit to be shown when others may read the file, or when it does not hold keys.
 */
export async function openLocalVault(keyFile: string): Promise<SecretVault> {
  return new LocalVault(await openVaultKeys(keyFile));
}

/** Sealed values read `v1.<key id>.<nonce>.<ciphertext and tag>`, the last two in base64url. */
class LocalVault implements SecretVault {
  readonly #keys: VaultKeys;

  constructor(keys: VaultKeys) {
    this.#keys = keys;
  }

  async seal(plain: Uint8Array, context: SealContext): Promise<Uint8Array> {
    const { id, key } = this.#keys.current;
    // Random and not counted: a restored backup would count from an old number again.
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key, nonce).setAAD(boundTo(context));
    const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    return Buffer.from(`v1.${id}.${nonce.toString('base64url')}.${sealed.toString('base64url')}`);
  }

  async open(sealed: Uint8Array, context: SealContext): Promise<Uint8Array> {
    try {
      return this.#opened(Buffer.from(sealed).toString('latin1'), context);
    } catch (cause) {
      throw new Failure('INTERNAL_ERROR', '', { cause });
    }
  }

  #opened(sealed: string, context: SealContext): Uint8Array {
    const where = `${context.collection}/${context.id}, field ${context.field}`;
    const [version, id, nonceText, text, ...rest] = sealed.split('.');
    const nonce = exactBytes(nonceText);
    const bytes = exactBytes(text);
    const isForm =
      version === 'v1' && rest.length === 0 && nonce?.length === NONCE_BYTES && bytes && bytes.length >= TAG_BYTES;
    if (!isForm) throw new Error(`The sealed value of ${where} has no form that this program knows.`);
    const key = this.#keys.find(id!);
    if (!key) throw new Error(`The sealed value of ${where} needs key ${id}, which the key file does not hold.`);

    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(boundTo(context));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]);
    } catch (cause) {
      throw new Error(`The sealed value of ${where} was changed, or was sealed for another place.`, { cause });
    }
  }
}

/** JSON keeps the three apart whatever they hold. */
function boundTo({ collection, id, field }: SealContext): Buffer {
  return Buffer.from(JSON.stringify([collection, id, field]));
}

/** Only the one spelling that sealing writes: decoding alone would forgive foreign characters. */
function exactBytes(text: string | undefined): Buffer | undefined {
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
