import type { Listening } from '../grpc-server.ts';
import { answering, HttpRefusal, serveHttp } from '../http-server.ts';
import type { TokenIssuer } from './token-issuer.ts';

const HEADERS = { 'cache-control': 'public, max-age=22000, must-revalidate, no-transform' };

/** Google's public keys over HTTP: `/oauth2/v1/certs` answers certificates, `/oauth2/v3/certs` answers JWKs. */
export function serveCerts(issuer: TokenIssuer): Promise<Listening> {
  return serveHttp(
    answering(async ({ url = '/' }) => {
      const { pathname } = new URL(url, 'http://www.googleapis.com');
      if (pathname === '/oauth2/v1/certs') return { status: 200, headers: HEADERS, body: issuer.certificates() };
      if (pathname === '/oauth2/v3/certs') return { status: 200, headers: HEADERS, body: issuer.jwks() };
      throw new HttpRefusal(404, 'notFound', `Nothing at ${pathname}.`);
    }),
  );
}
