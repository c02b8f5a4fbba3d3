import { createTokenIssuer, type TokenIssuer } from '@runvoy/google-fakes';

/** Whom a forger would like to be, and where. */
export interface Wanted {
  readonly issuer: TokenIssuer;
  /** The account that may call. */
  readonly account: string;
  readonly audience: string;
  /** An account that the forger really has. */
  readonly own: string;
}

/** Headers that must not open a door; what answers where everybody may call, and where Cloud Run checks callers first. */
export interface ForgedCaller {
  readonly name: string;
  readonly headers: (wanted: Wanted) => Readonly<Record<string, string>>;
  readonly public: number;
  readonly private: number;
}

const foreign = createTokenIssuer();
const bearer = (token: string) => `Bearer ${token}`;
const hourAgoS = () => Math.floor(Date.now() / 1_000) - 3_600;

/** A token as Cloud Run hands it on after its check. */
export function stripped(token: string): string {
  return [...token.split('.').slice(0, 2), 'SIGNATURE_REMOVED_BY_GOOGLE'].join('.');
}

const withToken = (token: (wanted: Wanted) => string) => (wanted: Wanted) => ({ authorization: bearer(token(wanted)) });

export const FORGED_CALLERS: readonly ForgedCaller[] = [
  { name: 'no token', headers: () => ({}), public: 401, private: 403 },
  {
    name: 'a token for another audience',
    headers: withToken(({ issuer, account }) => issuer.idToken(account, 'https://elsewhere.example')),
    public: 401,
    private: 401,
  },
  {
    name: 'a token that names another issuer',
    headers: withToken(({ issuer, account, audience }) =>
      issuer.idToken(account, audience, { iss: 'https://issuer.example' }),
    ),
    public: 401,
    private: 401,
  },
  {
    name: 'a token of another account',
    headers: withToken(({ issuer, own, audience }) => issuer.idToken(own, audience)),
    public: 403,
    private: 403,
  },
  {
    name: 'a token whose address is not verified',
    headers: withToken(({ issuer, account, audience }) => issuer.idToken(account, audience, { email_verified: false })),
    public: 401,
    private: 401,
  },
  {
    name: 'an expired token',
    headers: withToken(({ issuer, account, audience }) =>
      issuer.idToken(account, audience, { iat: hourAgoS() - 3_600, exp: hourAgoS() }),
    ),
    public: 401,
    private: 401,
  },
  {
    name: 'a token signed by somebody else',
    headers: withToken(({ account, audience }) => foreign.idToken(account, audience)),
    public: 401,
    private: 401,
  },
  {
    name: 'a token without its signature',
    headers: withToken(({ issuer, account, audience }) => stripped(issuer.idToken(account, audience))),
    public: 401,
    private: 401,
  },
  {
    name: 'an own token, and a forged one in Authorization',
    headers: ({ issuer, account, own, audience }) => ({
      'x-serverless-authorization': bearer(issuer.idToken(own, audience)),
      authorization: bearer(stripped(issuer.idToken(account, audience))),
    }),
    public: 401,
    private: 403,
  },
  {
    name: 'an own token, and a forged one in X-Serverless-Authorization',
    headers: ({ issuer, account, own, audience }) => ({
      'x-serverless-authorization': bearer(stripped(issuer.idToken(account, audience))),
      authorization: bearer(issuer.idToken(own, audience)),
    }),
    public: 401,
    private: 401,
  },
];
