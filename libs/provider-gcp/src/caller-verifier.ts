import { Failure } from '@runvoy/core';
import type { CallerVerifier, Clock, ExpectedCaller } from '@runvoy/core';
import { presentedToken } from './caller-verifier/presented-token.ts';
import { GoogleCerts } from './caller-verifier/google-certs.ts';

export interface GoogleCallerVerifierOptions {
  /**
   * `signature`: every token is verified against Google's keys. `iam`: the service is private and Cloud Run has verified the token
   * and taken its signature away; such a token's claims are believed. Only ever `iam` where nobody can call without IAM's consent.
   */
  readonly check: 'signature' | 'iam';
  readonly clock: Pick<Clock, 'now'>;
  /** Another place for Google's certificates than Google, `host:port`, in plain text. */
  readonly certsEndpoint?: string | undefined;
}

/** What Cloud Run puts where the signature was (https://cloud.google.com/run/docs/troubleshooting#signature-removed). */
const SIGNATURE_REMOVED = 'SIGNATURE_REMOVED_BY_GOOGLE';
const ISSUERS: readonly unknown[] = ['https://accounts.google.com', 'accounts.google.com'];
/** As Google's own library allows. */
const CLOCK_SKEW_S = 300;
/** Google's tokens live an hour; nothing that claims to live longer than a day is one. */
const LONGEST_LIFE_S = 86_400;

/**
 * Tells callers by their Google-signed ID tokens, as Pub/Sub, Eventarc, Scheduler and jobs send them. Google's certificates are
 * fetched with the first token and kept as long as Google says.
 *
 * Fails with `STORE_UNAVAILABLE` when they cannot be fetched: that says nothing about the token. No token is ever repeated in a
 * failure or its cause.
 */
export function openGoogleCallerVerifier(options: GoogleCallerVerifierOptions): CallerVerifier {
  const certs = new GoogleCerts(options.certsEndpoint, options.clock);
  return {
    async verify(headers, expected) {
      const { text, head, claims, signature } = presentedToken(headers);
      if (head.alg !== 'RS256') throw refused('its algorithm is not RS256');
      const isBelieved = options.check === 'iam' && signature === SIGNATURE_REMOVED;
      if (!isBelieved && !(await certs.haveSigned(text, String(head.kid)))) {
        throw refused('its signature is not one of Google’s');
      }
      return callerIn(claims, expected, options.clock.now() / 1_000);
    },
  };
}

function callerIn(
  claims: Readonly<Record<string, unknown>>,
  { audience, emails }: ExpectedCaller,
  nowS: number,
): { readonly email: string } {
  const { iss, aud, iat, exp, email, email_verified: isVerified } = claims;
  if (!ISSUERS.includes(iss)) throw refused('Google did not issue it');
  if (audience === '' || aud !== audience) throw refused('it was made for another service');
  if (typeof iat !== 'number' || typeof exp !== 'number') throw refused('it does not say how long it is valid');
  if (nowS > exp + CLOCK_SKEW_S) throw refused('it has expired');
  if (nowS < iat - CLOCK_SKEW_S) throw refused('it is not valid yet');
  if (exp - iat > LONGEST_LIFE_S) throw refused('it is valid for longer than Google’s tokens are');
  if (typeof email !== 'string' || isVerified !== true) throw refused('it names no verified account');
  if (!emails.includes(email)) throw new Failure('FORBIDDEN', `${email} may not call this route.`);
  return { email };
}

function refused(why: string): Failure {
  return new Failure('UNAUTHORIZED', `The token of this request is refused: ${why}.`);
}
