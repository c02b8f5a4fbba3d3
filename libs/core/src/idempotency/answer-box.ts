import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import type { Ref } from '../records/records.ts';
import type { SealContext, SecretVault } from '../secrets/secret-vault.ts';
import { canonicalBody } from './canonical-body.ts';
import type { KeptAnswer } from './kept-answer.ts';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * The secret of one kept answer. The vault seals it beforehand, so that within a transaction, which may run again and asks nobody but
 * the store, answers can be hidden under it.
 */
export class AnswerBox {
  readonly sealed: Uint8Array;
  readonly #secret: Uint8Array;

  private constructor(secret: Uint8Array, sealed: Uint8Array) {
    this.#secret = secret;
    this.sealed = sealed;
  }

  static async make(vault: SecretVault, ref: Ref<KeptAnswer>): Promise<AnswerBox> {
    const secret = randomBytes(32);
    return new AnswerBox(secret, await vault.seal(secret, contextOf(ref)));
  }

  /** Fails as `SecretVault.open` does. */
  static async open(vault: SecretVault, ref: Ref<KeptAnswer>, sealed: Uint8Array): Promise<AnswerBox> {
    return new AnswerBox(await vault.open(sealed, contextOf(ref)), sealed);
  }

  /** Equal for equal bodies, whatever the order of their fields. */
  macOf(body: unknown): string {
    return createHmac('sha256', this.#secret).update(canonicalBody(body)).digest('hex');
  }

  hide(made: object): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#secret, nonce);
    return Buffer.concat([nonce, cipher.update(JSON.stringify(made)), cipher.final(), cipher.getAuthTag()]).toString(
      'base64url',
    );
  }

  show(hidden: string): object {
    const bytes = Buffer.from(hidden, 'base64url');
    const [nonce, text, tag] = [
      bytes.subarray(0, NONCE_BYTES),
      bytes.subarray(NONCE_BYTES, -TAG_BYTES),
      bytes.subarray(-TAG_BYTES),
    ];
    const decipher = createDecipheriv(CIPHER, this.#secret, nonce, { authTagLength: TAG_BYTES }).setAuthTag(tag);
    return JSON.parse(Buffer.concat([decipher.update(text), decipher.final()]).toString()) as object;
  }
}

function contextOf({ collection, id }: Ref<KeptAnswer>): SealContext {
  return { collection, id, field: 'sealed' };
}
