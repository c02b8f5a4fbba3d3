import { Failure } from '@runvoy/core';

/** An ID token taken apart; nothing of it is verified. */
export interface PresentedToken {
  readonly text: string;
  readonly head: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly signature: string;
}

/** Google's tokens have about 1,100 characters. */
const LONGEST = 8_192;
const BEARER = /^Bearer (([\w-]+)\.([\w-]+)\.([\w-]*))$/i;

/**
 * The one token of a request. `X-Serverless-Authorization` is what Cloud Run looks at when it is there, `Authorization` otherwise;
 * with both, IAM would have checked one and we might read the other, so both together are refused. Fails with `UNAUTHORIZED`.
 */
export function presentedToken(headers: Readonly<Record<string, string | string[] | undefined>>): PresentedToken {
  const serverless = headers['x-serverless-authorization'];
  const plain = headers['authorization'];
  if (serverless !== undefined && plain !== undefined) {
    throw new Failure('UNAUTHORIZED', 'Send Authorization or X-Serverless-Authorization, not both.');
  }
  const header = serverless ?? plain;
  if (header === undefined) throw new Failure('UNAUTHORIZED', 'This route needs a Google ID token in Authorization.');
  const match = typeof header === 'string' && header.length <= LONGEST ? BEARER.exec(header) : null;
  const [, text, head, claims, signature] = match ?? [];
  const [parsedHead, parsedClaims] = [parsed(head), parsed(claims)];
  if (text === undefined || signature === undefined || !parsedHead || !parsedClaims) {
    throw new Failure('UNAUTHORIZED', 'Authorization holds no ID token. It must read "Bearer <token>".');
  }
  return { text, head: parsedHead, claims: parsedClaims, signature };
}

function parsed(part: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = JSON.parse(Buffer.from(part ?? '', 'base64url').toString()) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
