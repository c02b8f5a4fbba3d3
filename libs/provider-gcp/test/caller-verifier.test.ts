import { createSign, generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { manualClock } from '@runvoy/core';
import type { CallerVerifier, ManualClock } from '@runvoy/core';
import { createTokenIssuer, serveCerts } from '@runvoy/google-fakes';
import type { TokenIssuer } from '@runvoy/google-fakes';
import { openGoogleCallerVerifier } from '@runvoy/provider-gcp';

const URL = 'https://runvoy-processor-1.europe-west1.run.app';
const CALLER = 'caller@p.iam.gserviceaccount.com';
const JOB = 'job@p.iam.gserviceaccount.com';
const EXPECTED = { audience: URL, emails: [CALLER] };
const MINUTE_MS = 60_000;

// Keys take long to make.
const { privateKey: FOREIGN_KEY } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const FOREIGN_ISSUER = createTokenIssuer();

describe('the verifier of Google’s callers', () => {
  let clock: ManualClock;
  const google = createTokenIssuer({ now: () => clock?.now() ?? Date.now() });
  let certs: Awaited<ReturnType<typeof serveCerts>>;
  let verifier: CallerVerifier;

  beforeEach(async () => {
    clock = manualClock(Date.now());
    certs = await serveCerts(google);
    verifier = opened('signature');
  });
  afterEach(() => certs.stop());

  function opened(check: 'signature' | 'iam'): CallerVerifier {
    return openGoogleCallerVerifier({ check, clock, certsEndpoint: certs.host });
  }

  const token = (claims: Parameters<TokenIssuer['idToken']>[2] = {}, email = CALLER) =>
    google.idToken(email, URL, claims);
  const asHeader = (value: string) => ({ authorization: `Bearer ${value}` });

  test('a caller of the route is told by its address', async () => {
    await expect(verifier.verify(asHeader(token()), EXPECTED)).resolves.toEqual({ email: CALLER });
    await expect(verifier.verify({ 'x-serverless-authorization': `Bearer ${token()}` }, EXPECTED)).resolves.toEqual({
      email: CALLER,
    });
  });

  const seconds = (ms: number) => Math.floor(ms / 1_000);

  test.each<[string, () => Record<string, string | string[]>, string]>([
    ['no token', () => ({}), 'UNAUTHORIZED'],
    ['an empty header', () => ({ authorization: '' }), 'UNAUTHORIZED'],
    ['another scheme', () => ({ authorization: `Basic ${token()}` }), 'UNAUTHORIZED'],
    ['a text that is no token', () => asHeader('e30.e30'), 'UNAUTHORIZED'],
    ['a token whose parts are no JSON', () => asHeader('a.b.c'), 'UNAUTHORIZED'],
    ['a token with null for claims', () => asHeader(`${part({ alg: 'RS256' })}.${part(null)}.c`), 'UNAUTHORIZED'],
    ['two tokens in one header', () => asHeader(`${token()}, Bearer ${token()}`), 'UNAUTHORIZED'],
    ['the header twice', () => ({ authorization: [`Bearer ${token()}`, `Bearer ${token()}`] }), 'UNAUTHORIZED'],
    ['a token for another service', () => asHeader(google.idToken(CALLER, 'https://other.run.app')), 'UNAUTHORIZED'],
    ['a token for the path below', () => asHeader(google.idToken(CALLER, `${URL}/events`)), 'UNAUTHORIZED'],
    ['a list of audiences', () => asHeader(token({ aud: [URL] })), 'UNAUTHORIZED'],
    ['another issuer', () => asHeader(token({ iss: 'https://accounts.example.com' })), 'UNAUTHORIZED'],
    ['no issuer', () => asHeader(token({ iss: undefined })), 'UNAUTHORIZED'],
    ['an account of somebody else', () => asHeader(token({}, 'caller@other.iam.gserviceaccount.com')), 'FORBIDDEN'],
    ['a job’s account', () => asHeader(token({}, JOB)), 'FORBIDDEN'],
    ['an address in other letters', () => asHeader(token({ email: CALLER.toUpperCase() })), 'FORBIDDEN'],
    ['no address', () => asHeader(token({ email: undefined })), 'UNAUTHORIZED'],
    ['an unverified address', () => asHeader(token({ email_verified: false })), 'UNAUTHORIZED'],
    ['an address verified by the word "false"', () => asHeader(token({ email_verified: 'false' })), 'UNAUTHORIZED'],
    ['an address verified by the word "true"', () => asHeader(token({ email_verified: 'true' })), 'UNAUTHORIZED'],
    ['nothing said of the address', () => asHeader(token({ email_verified: undefined })), 'UNAUTHORIZED'],
    ['an expired token', () => asHeader(token({ exp: seconds(clock.now() - 6 * MINUTE_MS) })), 'UNAUTHORIZED'],
    ['a token of tomorrow', () => asHeader(token({ iat: seconds(clock.now() + 6 * MINUTE_MS) })), 'UNAUTHORIZED'],
    ['a token that never expires', () => asHeader(token({ exp: undefined })), 'UNAUTHORIZED'],
    ['a token without beginning', () => asHeader(token({ iat: undefined })), 'UNAUTHORIZED'],
    ['a token for ten years', () => asHeader(token({ exp: seconds(clock.now()) + 315_000_000 })), 'UNAUTHORIZED'],
    ['an expiry in words', () => asHeader(token({ exp: '9999999999' })), 'UNAUTHORIZED'],
    ['a token signed by another key', () => asHeader(FOREIGN_ISSUER.idToken(CALLER, URL)), 'UNAUTHORIZED'],
    ['a self-signed token under Google’s key id', () => asHeader(selfSigned(token())), 'UNAUTHORIZED'],
    ['algorithm none', () => asHeader(withHead(token(), { alg: 'none' }, '')), 'UNAUTHORIZED'],
    ['a MAC made with the public key', () => asHeader(withHead(token(), { alg: 'HS256' })), 'UNAUTHORIZED'],
    ['no signature', () => asHeader(withSignature(token(), '')), 'UNAUTHORIZED'],
    ['a signature that Cloud Run took away', () => asHeader(stripped(token())), 'UNAUTHORIZED'],
    ['claims that were changed', () => asHeader(withClaims(token({}, JOB), { email: CALLER })), 'UNAUTHORIZED'],
    [
      'both headers, each with a good token',
      () => ({ ...asHeader(token()), 'x-serverless-authorization': `Bearer ${token()}` }),
      'UNAUTHORIZED',
    ],
    [
      'a job’s good token and a forged second header',
      () => ({ ...asHeader(stripped(token())), 'x-serverless-authorization': `Bearer ${token({}, JOB)}` }),
      'UNAUTHORIZED',
    ],
  ])('%s is refused', async (_, headers, code) => {
    const refusal = verifier.verify(headers(), EXPECTED);
    await expect(refusal).rejects.toMatchObject({ code });
    await expect(refusal).rejects.not.toMatchObject({ message: expect.stringMatching(/eyJ/) });
  });

  test('a route without accounts, and one without an audience, let nobody in', async () => {
    await expect(verifier.verify(asHeader(token()), { audience: URL, emails: [] })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    const nowhere = { audience: '', emails: [CALLER] };
    await expect(verifier.verify(asHeader(google.idToken(CALLER, '')), nowhere)).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
    });
  });

  test.each([
    [64, 'fulfilled'],
    [66, 'rejected'],
  ])(
    'a clock that differs by less than five minutes is forgiven: a token of an hour, after %i minutes, is %s',
    async (minutes, outcome) => {
      const header = asHeader(token());
      clock.advance(minutes * MINUTE_MS);
      const [settled] = await Promise.allSettled([verifier.verify(header, EXPECTED)]);
      expect(settled.status).toBe(outcome);
    },
  );

  describe('behind Cloud Run’s own check', () => {
    beforeEach(() => {
      verifier = opened('iam');
    });

    test('a token without its signature is believed', async () => {
      await expect(verifier.verify(asHeader(stripped(token())), EXPECTED)).resolves.toEqual({ email: CALLER });
    });

    test.each<[string, () => string, string]>([
      ['for another service', () => stripped(google.idToken(CALLER, 'https://other.run.app')), 'UNAUTHORIZED'],
      ['of a job', () => stripped(token({}, JOB)), 'FORBIDDEN'],
      ['that has expired', () => stripped(token({ exp: seconds(clock.now() - 6 * MINUTE_MS) })), 'UNAUTHORIZED'],
      ['of an unverified account', () => stripped(token({ email_verified: false })), 'UNAUTHORIZED'],
      ['with a wrong signature', () => selfSigned(token()), 'UNAUTHORIZED'],
      ['with an empty signature', () => withSignature(token(), ''), 'UNAUTHORIZED'],
    ])('a token %s is refused all the same', async (_, given, code) => {
      await expect(verifier.verify(asHeader(given()), EXPECTED)).rejects.toMatchObject({ code });
    });

    test('a token that still has its signature is verified', async () => {
      await expect(verifier.verify(asHeader(token()), EXPECTED)).resolves.toEqual({ email: CALLER });
    });
  });

  test('Google’s certificates are fetched once, and again when an unknown key signs', async () => {
    let fetched = 0;
    const counting: TokenIssuer = { ...google, certificates: () => (fetched++, google.certificates()) };
    await certs.stop();
    certs = await serveCerts(counting);
    verifier = opened('signature');
    for (let times = 0; times < 3; times++) await verifier.verify(asHeader(token()), EXPECTED);
    expect(fetched).toBe(1);

    google.rotate();
    await expect(verifier.verify(asHeader(token()), EXPECTED)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(fetched).toBe(1); // Asked a moment ago: unknown keys must not make us ask for each.
    clock.advance(MINUTE_MS);
    await verifier.verify(asHeader(token()), EXPECTED);
    expect(fetched).toBe(2);
  });

  test('certificates that cannot be fetched say nothing about the token, and are asked for again', async () => {
    let isDown = true;
    const failing: TokenIssuer = {
      ...google,
      certificates: () => (isDown ? { broken: 'no certificate' } : google.certificates()),
    };
    await certs.stop();
    await expect(opened('signature').verify(asHeader(token()), EXPECTED)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    certs = await serveCerts(failing);
    verifier = opened('signature');
    await expect(verifier.verify(asHeader(token()), EXPECTED)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    isDown = false;
    clock.advance(MINUTE_MS);
    await expect(verifier.verify(asHeader(token()), EXPECTED)).resolves.toEqual({ email: CALLER });
  });
});

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function takenApart(text: string): {
  readonly head: object;
  readonly claims: object;
  readonly parts: readonly string[];
} {
  const parts = text.split('.');
  const [head, claims] = parts
    .slice(0, 2)
    .map((each) => JSON.parse(Buffer.from(each, 'base64url').toString()) as object);
  return { head: head!, claims: claims!, parts };
}

function withSignature(text: string, signature: string): string {
  return [...text.split('.').slice(0, 2), signature].join('.');
}

function stripped(text: string): string {
  return withSignature(text, 'SIGNATURE_REMOVED_BY_GOOGLE');
}

function withHead(text: string, change: object, signature = text.split('.')[2]!): string {
  const { head, parts } = takenApart(text);
  return [part({ ...head, ...change }), parts[1], signature].join('.');
}

function withClaims(text: string, change: object): string {
  const { claims, parts } = takenApart(text);
  return [parts[0], part({ ...claims, ...change }), parts[2]].join('.');
}

/** The same token, key id included, signed by a key that is not Google's. */
function selfSigned(text: string): string {
  const signed = text.split('.').slice(0, 2).join('.');
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(FOREIGN_KEY, 'base64url')}`;
}
