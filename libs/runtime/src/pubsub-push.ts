import type { CloudEventEnvelope } from '@runvoy/core';

/** The body of a wrapped push (https://cloud.google.com/pubsub/docs/push). */
export interface PubSubPush {
  readonly message: {
    /** Base64. */
    readonly data?: string;
    readonly attributes?: Readonly<Record<string, string>>;
    readonly messageId?: string;
    readonly publishTime?: string;
  };
  readonly subscription?: string;
}

/** What a message holds: an event that is complete, or the HTTP form of one. */
export type PushedContent =
  | { readonly event: CloudEventEnvelope }
  | { readonly headers: Readonly<Record<string, string>>; readonly body: unknown };

/** Event type of an audit log entry, as Eventarc names it. */
export const AUDIT_LOG_WRITTEN = 'google.cloud.audit.log.v1.written';
/** Event type of any other entry that a sink sends: Google has none, so it has the name of the form it has. */
export const LOG_ENTRY = 'google.logging.v2.LogEntry';

/** True for a body in the form of a push, unless the request says itself that it is a CloudEvent. */
export function isPubSubPush(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: unknown,
): body is PubSubPush {
  if (headers['ce-id'] !== undefined || /cloudevents/.test(String(headers['content-type']))) return false;
  const { message } = (body ?? {}) as Partial<PubSubPush>;
  return typeof message === 'object' && message !== null && ('data' in message || 'attributes' in message);
}

/**
 * Unwraps a push. Of an event's two forms the structured one has it all in the data, the binary one has the rest in attributes with
 * the prefix `ce-` (CloudEvents' protocol binding for Pub/Sub). Throws an Error that says why it is neither that nor a log entry.
 */
export function pushedContent({ message }: PubSubPush): PushedContent {
  const attributes = message.attributes ?? {};
  const body = decoded(message.data ?? '');
  if (attributes['ce-specversion'] !== undefined) {
    return { headers: { 'content-type': 'application/json', ...attributes }, body };
  }
  if (typeof body !== 'object' || body === null) throw new Error('the pushed message is not JSON');
  if ('specversion' in body) return { headers: { 'content-type': 'application/cloudevents+json' }, body };
  if ('logName' in body && typeof body.logName === 'string') return { event: entryEvent(body.logName, body, message) };
  throw new Error('the pushed message is neither an event nor a log entry');
}

function decoded(data: string): unknown {
  const text = Buffer.from(data, 'base64').toString('utf8');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** An entry as the event it tells of, as Eventarc would have made it of an audit entry. */
function entryEvent(logName: string, entry: object, message: PubSubPush['message']): CloudEventEnvelope {
  const { insertId, timestamp } = entry as { readonly insertId?: unknown; readonly timestamp?: unknown };
  const isAudit = /\/cloudaudit\.googleapis\.com(%2F|\/)/i.test(logName);
  return {
    specversion: '1.0',
    id: typeof insertId === 'string' ? insertId : (message.messageId ?? ''),
    source: `//logging.googleapis.com/${logName}`,
    type: isAudit ? AUDIT_LOG_WRITTEN : LOG_ENTRY,
    time: typeof timestamp === 'string' ? timestamp : (message.publishTime ?? ''),
    datacontenttype: 'application/json',
    data: entry,
  };
}
