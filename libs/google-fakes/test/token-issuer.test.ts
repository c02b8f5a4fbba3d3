import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTokenIssuer, serveCerts, type Listening } from '@runvoy/google-fakes';
import { googleAuthLibrary } from 'google-gax';

const AUDIENCE = 'https://processor.example.com';
const EMAIL = 'caller@my-project.iam.gserviceaccount.com';
const ISSUERS = ['https://accounts.google.com', 'accounts.google.com'];

const issuer = createTokenIssuer();
let certs: Listening;
beforeAll(async () => {
  certs = await serveCerts(issuer);
});
afterAll(async () => certs.stop());

/** Google's own verification, with the keys of the endpoint. */
async function verify(token: string): Promise<googleAuthLibrary.TokenPayload | undefined> {
  const answer = await fetch(`http://${certs.host}/oauth2/v1/certs`);
  const keys = (await answer.json()) as Record<string, string>;
  const ticket = await new googleAuthLibrary.OAuth2Client().verifySignedJwtWithCertsAsync(
    token,
    keys,
    AUDIENCE,
    ISSUERS,
  );
  return ticket.getPayload();
}

describe('an ID token', () => {
  test('passes the verification of google-auth-library and names the account', async () => {
    expect(await verify(issuer.idToken(EMAIL, AUDIENCE))).toMatchObject({
      email: EMAIL,
      email_verified: true,
      aud: AUDIENCE,
    });
  });

  test.each<[string, () => string]>([
    ['for another audience', () => issuer.idToken(EMAIL, 'https://other.example.com')],
    ['of another issuer', () => issuer.idToken(EMAIL, AUDIENCE, { iss: 'https://evil.example.com' })],
    ['that has expired', () => issuer.idToken(EMAIL, AUDIENCE, { iat: 1_000_000, exp: 1_003_600 })],
    ['signed with another key', () => createTokenIssuer().idToken(EMAIL, AUDIENCE)],
    ['without its signature', () => issuer.idToken(EMAIL, AUDIENCE).replace(/[^.]*$/, '')],
  ])('%s does not pass', async (_what, make) => {
    await expect(verify(make())).rejects.toThrow();
  });

  test('whose address is not verified, or is another one, passes that verification: the reader has to look', async () => {
    expect(await verify(issuer.idToken(EMAIL, AUDIENCE, { email_verified: 'false' }))).toMatchObject({
      email_verified: 'false',
    });
    expect(await verify(issuer.idToken('other@my-project.iam.gserviceaccount.com', AUDIENCE))).toBeDefined();
  });

  test('of the previous key still passes after a rotation, and so does one of the new key', async () => {
    const before = issuer.idToken(EMAIL, AUDIENCE);
    issuer.rotate();
    expect(await verify(before)).toMatchObject({ email: EMAIL });
    expect(await verify(issuer.idToken(EMAIL, AUDIENCE))).toMatchObject({ email: EMAIL });
  });
});

describe('the certs endpoint', () => {
  test('answers X.509 certificates under v1 and the same keys as JWK under v3', async () => {
    const v1 = (await (await fetch(`http://${certs.host}/oauth2/v1/certs`)).json()) as Record<string, string>;
    const v3 = (await (await fetch(`http://${certs.host}/oauth2/v3/certs`)).json()) as {
      keys: { kid: string; n: string }[];
    };
    expect(Object.keys(v1)).toEqual(v3.keys.map(({ kid }) => kid));
    for (const { kid, n } of v3.keys) {
      const certificate = new X509Certificate(v1[kid] ?? '');
      expect(certificate.publicKey.export({ format: 'jwk' })).toMatchObject({ n });
      expect(certificate.verify(certificate.publicKey)).toBe(true);
      expect(Date.parse(certificate.validTo)).toBeGreaterThan(Date.now());
    }
  });
});
