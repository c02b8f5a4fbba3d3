import { createHash } from 'node:crypto';
import type { CloudEventEnvelope } from '@runvoy/core';

export const UNREADABLE = 'dev.runvoy.unreadable.v1';

/** What came with a request that was no event, kept as it was: a later version may be able to read it. */
export interface UnreadableRequest {
  /** Those that say in which form the body is. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Whatever came, as an event, so that it can be put aside like one. The same request makes the same event. */
export function unreadableEvent(headers: Headers, body: unknown, nowMs: number): CloudEventEnvelope {
  const data: UnreadableRequest = { headers: formOf(headers), body: body ?? null };
  return {
    specversion: '1.0',
    id: `unreadable-${createHash('sha256').update(JSON.stringify(data)).digest('hex').slice(0, 32)}`,
    source: '/runvoy/processor',
    type: UNREADABLE,
    time: new Date(nowMs).toISOString(),
    datacontenttype: 'application/json',
    data,
  };
}

/** The request of such an event; `undefined` for anything else. */
export function requestOf(event: CloudEventEnvelope): UnreadableRequest | undefined {
  if (event.type !== UNREADABLE) return undefined;
  const { headers, body } = (event.data ?? {}) as Partial<UnreadableRequest>;
  return typeof headers === 'object' && headers !== null ? { headers, body } : undefined;
}

/** Tokens and addresses are no part of what came. */
function formOf(headers: Headers): Record<string, string> {
  const entries = Object.entries(headers).filter(
    (entry): entry is [string, string] =>
      typeof entry[1] === 'string' && (entry[0] === 'content-type' || entry[0].startsWith('ce-')),
  );
  return Object.fromEntries(entries);
}
