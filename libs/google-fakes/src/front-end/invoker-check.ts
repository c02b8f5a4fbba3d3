import type { IncomingHttpHeaders } from 'node:http';
import { createVerify, X509Certificate } from 'node:crypto';
import type { TokenIssuer } from '../identity/token-issuer.ts';

/** What Cloud Run puts where the signature was. */
const SIGNATURE_REMOVED = 'SIGNATURE_REMOVED_BY_GOOGLE';

export interface InvokerCheck {
  readonly issuer: TokenIssuer;
  /** What tokens must have been made for: the service's URLs. */
  readonly audiences: readonly string[];
  /** Whether the account may invoke the service. */
  readonly isInvoker: (email: string) => boolean;
  readonly now: () => number;
}

/** Headers for the container, or the status that Cloud Run itself answers. */
export type Admission = { readonly headers: IncomingHttpHeaders } | { readonly status: 401 | 403 };

/**
 * The check before a private service: the token in `X-Serverless-Authorization` when it is there, else in `Authorization`, must be
 * Google's, valid, for this service, and of an invoker. The checked header goes on without its signature; with both, the other one
 * goes on as it came (https://cloud.google.com/run/docs/authenticating/service-to-service).
 */
export function admit(headers: IncomingHttpHeaders, check: InvokerCheck): Admission {
  const name = headers['x-serverless-authorization'] === undefined ? 'authorization' : 'x-serverless-authorization';
  const token = /^bearer (.+)$/i.exec(String(headers[name] ?? ''))?.[1];
  if (token === undefined) return { status: 403 };
  const email = verifiedEmail(token, check);
  if (email === undefined) return { status: 401 };
  if (!check.isInvoker(email)) return { status: 403 };
  const stripped = [...token.split('.').slice(0, 2), SIGNATURE_REMOVED].join('.');
  return { headers: { ...headers, [name]: `Bearer ${stripped}` } };
}

function verifiedEmail(token: string, { issuer, audiences, now }: InvokerCheck): string | undefined {
  const [head, payload, signature] = token.split('.');
  try {
    const { kid, alg } = parsed(head!) as { kid: string; alg: string };
    const claims = parsed(payload!) as {
      aud: string;
      exp: number;
      iss: string;
      email: string;
      email_verified: unknown;
    };
    const certificate = issuer.certificates()[kid];
    if (certificate === undefined || alg !== 'RS256') return undefined;
    const { publicKey } = new X509Certificate(certificate);
    const isSigned = createVerify('RSA-SHA256').update(`${head}.${payload}`).verify(publicKey, signature!, 'base64url');
    const isValid = claims.exp * 1_000 > now() && audiences.includes(claims.aud) && claims.email_verified === true;
    return isSigned && isValid ? claims.email : undefined;
  } catch {
    return undefined;
  }
}

function parsed(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as unknown;
}
