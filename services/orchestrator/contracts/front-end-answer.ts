import type { Answer } from './documented-answers.ts';

/** True for what Cloud Run's front end says itself, of an instance that is gone: 503 and a page without a word. No service said it. */
export function isOfFrontEnd({ status, headers, body }: Answer): boolean {
  const isPage = String(headers['content-type']).startsWith('text/html');
  return status === 503 && isPage && body === '' && headers['x-request-id'] === undefined;
}
