import { createSign, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { selfSignedCertificate } from './certificate.ts';

const HOUR_S = 3600;

/** The claims of a Google ID token. */
export type IdClaims = {
  iss: string;
  aud: string;
  azp: string;
  sub: string;
  email: string;
  email_verified: boolean | string;
  iat: number;
  exp: number;
};

type Key = { id: string; publicKey: KeyObject; privateKey: KeyObject; certificate: string };

/**
 * Google's token issuer with test keys: ID tokens (RS256) as Pub/Sub, Scheduler, Eventarc and the metadata server send
 * them, and access tokens as the services accept them. `other` is a second issuer for forged tokens.
 */
export type TokenIssuer = ReturnType<typeof createTokenIssuer>;

export function createTokenIssuer({ now = Date.now }: { now?: () => number } = {}) {
  let keys: Key[] = [newKey(now())];
  const accessTokens = new Map<string, { email: string; expires: number }>();
  const seconds = () => Math.floor(now() / 1000);
  const signingKey = () => keys[0] as Key;

  /** `claims` replaces single claims, so that a test can send a wrong one; `undefined` leaves a claim out. */
  function idToken(email: string, audience: string, claims: { [name in keyof IdClaims]?: unknown } = {}): string {
    const account = accountNumber(email);
    const all = {
      iss: 'https://accounts.google.com',
      aud: audience,
      azp: account,
      sub: account,
      email,
      email_verified: true,
      iat: seconds(),
      exp: seconds() + HOUR_S,
      ...claims,
    };
    const header = { alg: 'RS256', kid: signingKey().id, typ: 'JWT' };
    const signed = [header, all].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(signingKey().privateKey, 'base64url')}`;
  }

  return {
    idToken,

    /** An access token with scope cloud-platform, good for an hour. */
    accessToken(email: string): { access_token: string; expires_in: number; token_type: 'Bearer' } {
      const token = `ya29.c.${randomBytes(48).toString('base64url')}`;
      accessTokens.set(token, { email, expires: now() + HOUR_S * 1000 });
      return { access_token: token, expires_in: HOUR_S - 1, token_type: 'Bearer' };
    },

    /** Whose access token it is; nothing when it is unknown or has expired. */
    emailOf(token: string): string | undefined {
      const known = accessTokens.get(token);
      return known && known.expires > now() ? known.email : undefined;
    },

    /** As https://www.googleapis.com/oauth2/v1/certs answers: key id -> X.509 certificate in PEM. */
    certificates(): Record<string, string> {
      return Object.fromEntries(keys.map((key) => [key.id, key.certificate]));
    },

    /** As https://www.googleapis.com/oauth2/v3/certs answers. */
    jwks(): { keys: object[] } {
      return {
        keys: keys.map(({ id, publicKey }) => ({
          ...publicKey.export({ format: 'jwk' }),
          kid: id,
          alg: 'RS256',
          use: 'sig',
        })),
      };
    },

    /** A new key signs from now on; the previous one is still published, as Google does it. */
    rotate(): void {
      keys = [newKey(now()), signingKey()];
    },
  };
}

function newKey(now: number): Key {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const validity = { from: new Date(now - HOUR_S * 1000), until: new Date(now + 14 * 24 * HOUR_S * 1000) };
  const certificate = selfSignedCertificate(pair, { name: 'federated-signon.system.gserviceaccount.com', ...validity });
  return { id: randomBytes(20).toString('hex'), ...pair, certificate };
}

/** Google names an account by 21 digits; the same address always gets the same ones here. */
function accountNumber(email: string): string {
  let digits = 0n;
  for (const byte of Buffer.from(email)) digits = (digits * 131n + BigInt(byte)) % 10n ** 20n;
  return `1${digits.toString().padStart(20, '0')}`;
}
