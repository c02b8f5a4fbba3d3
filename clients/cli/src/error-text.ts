import { causeText, RunvoyError } from '@runvoy/sdk/client';

const SIGN_IN = '. Sign in with "runvoy claim <token or link>" or "runvoy configure".';

/** What went wrong, in one line: of a failed call also what to do about it. */
export function errorText(error: unknown): string {
  if (error instanceof RunvoyError) return callText(error);
  return (error instanceof Error ? error.message || error.name : String(error)).replaceAll(/\s+/g, ' ').trim();
}

/** What a failed call says, without status and request. */
export function explanationText(error: RunvoyError): string {
  return error.status === 0 ? callText(error) : `${error.explanation}${hint(error)}`;
}

function callText(error: RunvoyError): string {
  return error.code === 'UNREACHABLE' ? unreachableText(error) : `${error.message}${hint(error)}`;
}

/** Only an answer of runvoy itself is about a key of runvoy's. */
function hint({ status, code }: RunvoyError): string {
  return status === 401 && code !== 'FAILED' ? SIGN_IN : '';
}

/** OpenSSL's words for bytes that are no TLS record: most often an HTTP server was taken for an HTTPS one. */
const NO_TLS = /wrong version number|packet length too long|record layer failure|http request/i;
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

function unreachableText(error: RunvoyError): string {
  const { endpoint = '' } = error;
  if (!URL.canParse(endpoint)) return error.message;
  const { protocol, hostname } = new URL(endpoint);
  const isLoopback = LOOPBACK.test(hostname);
  if (protocol === 'https:' && NO_TLS.test(causeText(error.cause))) {
    // Plain HTTP carries the key for everybody to read: nobody is led there across a network.
    const better = isLoopback ? `did you mean ${endpoint.replace('https:', 'http:')}?` : 'is the port right?';
    return `cannot reach ${endpoint}: it does not speak TLS; ${better}`;
  }
  return `${error.message}${isLoopback ? '. If it is the server of this machine, start it: npm start' : ''}`;
}
