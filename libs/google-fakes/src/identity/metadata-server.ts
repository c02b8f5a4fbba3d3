import type { Listening } from '../grpc-server.ts';
import { serveHttp } from '../http-server.ts';
import type { TokenIssuer } from './token-issuer.ts';

/** What the metadata server knows about the machine it serves. */
export type MetadataIdentity = { email: string; project: string; projectNumber: string; region: string };

/**
 * The metadata server of one service account. A process is given this identity by `GCE_METADATA_HOST` = `host`: Google's
 * clients, unchanged, take their tokens from there (Application Default Credentials).
 */
export function serveMetadata(issuer: TokenIssuer, identity: MetadataIdentity): Promise<Listening> {
  return serveHttp((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://metadata.google.internal');
    const headers = { 'metadata-flavor': 'Google', server: 'Metadata Server for Serverless' };
    const refuse = (status: number, text: string) => {
      response.writeHead(status, { ...headers, 'content-type': 'text/html; charset=UTF-8' }).end(text);
    };
    // A server-side request forgery cannot set the one header, and a proxy adds the other.
    if (pathname !== '/' && request.headers['metadata-flavor'] !== 'Google') {
      return refuse(403, 'Missing Metadata-Flavor:Google header.');
    }
    if (request.headers['x-forwarded-for']) return refuse(403, 'X-Forwarded-For is not allowed.');
    const value = metadataAt(issuer, identity, pathname.replace(/\/$/, ''), searchParams);
    if (value === undefined) return refuse(404, `Nothing at ${pathname}.`);
    const type = typeof value === 'string' ? 'application/text' : 'application/json';
    response.writeHead(200, { ...headers, 'content-type': type });
    response.end(typeof value === 'string' ? value : JSON.stringify(value));
  });
}

function metadataAt(
  issuer: TokenIssuer,
  { email, project, projectNumber, region }: MetadataIdentity,
  path: string,
  query: URLSearchParams,
): string | object | undefined {
  const root = '/computeMetadata/v1';
  const account = new RegExp(`^${root}/instance/service-accounts/(?:default|${RegExp.escape(email)})(?:/(.*))?$`).exec(
    path,
  );
  if (account) return accountAt(issuer, email, account[1] ?? '', query);
  const known: Record<string, string> = {
    '': 'computeMetadata/\n',
    [root]: 'instance/\nproject/\n',
    [`${root}/instance`]: 'id\nregion\nservice-accounts/\nzone\n',
    [`${root}/instance/service-accounts`]: `default/\n${email}/\n`,
    [`${root}/instance/id`]: '00f46b92850a6b2a65',
    [`${root}/instance/region`]: `projects/${projectNumber}/regions/${region}`,
    [`${root}/instance/zone`]: `projects/${projectNumber}/zones/${region}-1`,
    [`${root}/project/project-id`]: project,
    [`${root}/project/numeric-project-id`]: projectNumber,
    [`${root}/universe/universe-domain`]: 'googleapis.com',
  };
  return known[path];
}

function accountAt(
  issuer: TokenIssuer,
  email: string,
  leaf: string,
  query: URLSearchParams,
): string | object | undefined {
  const scopes = ['https://www.googleapis.com/auth/cloud-platform'];
  switch (leaf) {
    case 'token':
      return issuer.accessToken(email);
    case 'identity': {
      const audience = query.get('audience');
      return audience ? issuer.idToken(email, audience) : undefined;
    }
    case 'email':
      return email;
    case 'scopes':
      return `${scopes.join('\n')}\n`;
    case 'aliases':
      return 'default\n';
    case '':
      return query.get('recursive') === 'true'
        ? { aliases: ['default'], email, scopes }
        : 'aliases\nemail\nidentity\nscopes\ntoken\n';
    default:
      return undefined;
  }
}
