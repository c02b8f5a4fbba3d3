import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Failure } from '../failure.ts';
import type { SealContext, SecretVault } from './secret-vault.ts';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256: a data key is so long, no shorter and no longer. */
export const DATA_KEY_BYTES = 32;

/** A key that values are sealed with. Its id travels with them: `[A-Za-z0-9_-]`, never a dot. */
export interface DataKey {
  readonly id: string;
  readonly key: Uint8Array;
}

/** Where a vault's keys come from: values are sealed with the current one and opened with any. */
export interface DataKeys {
  current(): Promise<DataKey>;
  /** The key of this id, or undefined when the place of the keys does not hold it. Fails when that place does not answer. */
  find(id: string): Promise<Uint8Array | undefined>;
  /** True for a key that the current one has replaced. */
  isOlder(id: string): Promise<boolean>;
  /** Makes a new key, which is the current one from now on. */
  add(): Promise<DataKey>;
  /** How a sentence calls the place of the keys: `the key file`. */
  readonly place: string;
}

/** A vault over these keys. Sealed values read `v1.<key id>.<nonce>.<ciphertext and tag>`, the last two in base64url. */
export function envelopeVault(keys: DataKeys): SecretVault {
  return {
    keys: {
      current: async () => (await keys.current()).id,
      isOlder: (id) => keys.isOlder(id),
      rotate: async () => (await keys.add()).id,
    },
    async seal(plain, context) {
      return seal(await keys.current(), plain, context);
    },
    async open(sealed, context) {
      try {
        return await opened(keys, Buffer.from(sealed).toString('latin1'), context);
      } catch (cause) {
        if (cause instanceof Failure) throw cause; // The keys could not be asked: that says nothing about the value.
        throw new Failure('INTERNAL_ERROR', '', { cause });
      }
    },
  };
}

function seal({ id, key }: DataKey, plain: Uint8Array, context: SealContext): Uint8Array {
  // Random and not counted: a restored backup would count from an old number again.
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(boundTo(context));
  const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return Buffer.from(`v1.${id}.${nonce.toString('base64url')}.${sealed.toString('base64url')}`);
}

async function opened(keys: DataKeys, sealed: string, context: SealContext): Promise<Uint8Array> {
  const where = `${context.collection}/${context.id}, field ${context.field}`;
  const [version, id, nonceText, text, ...rest] = sealed.split('.');
  const nonce = exactBytes(nonceText);
  const bytes = exactBytes(text);
  const isForm =
    version === 'v1' && rest.length === 0 && nonce?.length === NONCE_BYTES && bytes && bytes.length >= TAG_BYTES;
  if (!isForm) throw new Error(`The sealed value of ${where} has no form that this program knows.`);
  const key = await keys.find(id!);
  if (!key) throw new Error(`The sealed value of ${where} needs key ${id}, which ${keys.place} does not hold.`);

  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(boundTo(context));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch (cause) {
    throw new Error(`The sealed value of ${where} was changed, or was sealed for another place.`, { cause });
  }
}

/** The id of the key that a value was sealed with; undefined for what no envelope of ours is. Says nothing about whether it opens. */
export function sealedWith(sealed: Uint8Array): string | undefined {
  return /^v1\.([A-Za-z0-9_-]+)\./.exec(Buffer.from(sealed.subarray(0, 200)).toString('latin1'))?.[1];
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
