import { request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { retryDelay } from '../retry-delay.ts';

/** A metadata server may take some seconds to answer after a container's start. */
const GIVE_UP_MS = 60_000;
const ANSWER_MS = 10_000;
const PATH = '/computeMetadata/v1/instance/service-accounts/default/identity';

/**
 * Asks the metadata server for an ID token of the job's service account, made out to `audience`; good for an hour.
 * Repeats while there is no answer; rejects when there is none in a minute, or at once when the answer is no.
 * (https://cloud.google.com/run/docs/authenticating/service-to-service#acquire-token)
 */
export async function fetchIdentityToken(
  metadataHost: string,
  audience: string,
  { now, cancelled }: { readonly now: () => number; readonly cancelled: AbortSignal },
): Promise<string> {
  const giveUpAt = now() + GIVE_UP_MS;
  for (let failures = 0; ;) {
    const { status, text } = await ask(metadataHost, `${PATH}?audience=${encodeURIComponent(audience)}&format=full`);
    if (status === 200) return text.trim();
    const why = status === undefined ? text : `status ${status}: ${text.slice(0, 200)}`;
    const isFinal = status !== undefined && status < 500 && status !== 404 && status !== 429;
    if (isFinal || now() > giveUpAt || cancelled.aborted) throw new Error(`no ID token from ${metadataHost}: ${why}`);
    failures += 1;
    await pause(retryDelay(failures));
  }
}

/** No status: no answer. */
function ask(host: string, path: string): Promise<{ readonly status?: number; readonly text: string }> {
  const { hostname, port } = new URL(`http://${host}`);
  return new Promise((resolve) => {
    const outgoing = request(
      { hostname, port, path, headers: { 'metadata-flavor': 'Google' }, timeout: ANSWER_MS },
      (incoming) => {
        let text = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (piece: string) => (text += piece));
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text }));
        incoming.on('error', (error) => resolve({ text: error.message }));
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer in ${ANSWER_MS / 1000} s`)));
    outgoing.on('error', (error) => resolve({ text: error.message }));
    outgoing.end();
  });
}
