import { Problem } from './problem.ts';

/** The address of a server as it is used: without the API's own path and without a slash at the end. `where` names it in the problem. */
export function endpointOf(text: string, where: string, kind: 'usage' | 'failed'): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new Problem(`${where} must be an address such as https://runvoy.example.com; it is "${text}".`, { kind });
  }
  if (url.username || url.password) throw new Problem(`${where} may not hold a user name or password.`, { kind });
  const path = url.pathname.replace(/\/+$/, '').replace(/\/api\/v1$/, '');
  return `${url.origin}${path}`;
}
