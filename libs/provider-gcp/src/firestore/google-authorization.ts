import type { GoogleAuth } from 'google-auth-library';
import type { Authorize } from './rest-door.ts';

const SCOPE = 'https://www.googleapis.com/auth/datastore';

/** Tokens of the service account this runs as, or of whoever is signed in on a laptop; fetched when first asked for. */
export function googleAuthorization(): Authorize {
  let auth: Promise<GoogleAuth> | undefined;
  return async () => {
    auth ??= import('google-auth-library').then(({ GoogleAuth: Auth }) => new Auth({ scopes: [SCOPE] }));
    const token = await (await auth).getAccessToken();
    return `Bearer ${token}`;
  };
}
