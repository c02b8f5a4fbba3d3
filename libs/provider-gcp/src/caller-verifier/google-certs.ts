import { verify } from 'node:crypto';
import type { OAuth2Client } from 'google-auth-library';
import { Failure } from '@runvoy/core';
import type { Clock, Millis } from '@runvoy/core';

/** An unknown key id makes us ask Google again, but not more often than this: ids cost a forger nothing. */
const ASK_AGAIN_MS = 60_000;

/** In PEM, by key id. */
type Certificates = Readonly<Record<string, unknown>>;

/** Google's public keys, fetched with the first use and cached by Google's library as long as the answer allows. */
export class GoogleCerts {
  readonly #endpoint: string | undefined;
  readonly #clock: Pick<Clock, 'now'>;
  #client: Promise<OAuth2Client> | undefined;
  #askedAt: Millis = 0;

  constructor(endpoint: string | undefined, clock: Pick<Clock, 'now'>) {
    this.#endpoint = endpoint;
    this.#clock = clock;
  }

  /**
   * Whether the key of this id has signed the token, in RS256 whatever the token says of itself. The library's own verification
   * looks at the machine's clock and repeats the token in what it throws.
   * Fails with `STORE_UNAVAILABLE` when the keys cannot be fetched.
   */
  async haveSigned(token: string, keyId: string): Promise<boolean> {
    let certs = await this.#certs();
    if (!Object.hasOwn(certs, keyId) && this.#clock.now() - this.#askedAt >= ASK_AGAIN_MS) {
      this.#client = undefined;
      certs = await this.#certs();
    }
    const certificate = Object.hasOwn(certs, keyId) ? certs[keyId] : undefined;
    if (typeof certificate !== 'string') return false;
    const end = token.lastIndexOf('.');
    const signature = Buffer.from(token.slice(end + 1), 'base64url');
    return verify('RSA-SHA256', Buffer.from(token.slice(0, end)), certificate, signature);
  }

  async #certs(): Promise<Certificates> {
    if (!this.#client) this.#askedAt = this.#clock.now();
    this.#client ??= this.#open();
    try {
      const { certs } = await (await this.#client).getFederatedSignonCertsAsync();
      return certs;
    } catch (cause) {
      throw new Failure('STORE_UNAVAILABLE', '', { cause });
    }
  }

  async #open(): Promise<OAuth2Client> {
    const { OAuth2Client: Client } = await import('google-auth-library');
    if (this.#endpoint === undefined) return new Client();
    return new Client({ endpoints: { oauth2FederatedSignonPemCertsUrl: `http://${this.#endpoint}/oauth2/v1/certs` } });
  }
}
