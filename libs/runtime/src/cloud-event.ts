import { Failure, type CloudEventEnvelope } from '@runvoy/core';
import { isPubSubPush, pushedContent } from './pubsub-push.ts';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Reads the one event of a request: a CloudEvent in binary or structured HTTP form, or a Pub/Sub push whose message is one, or is an
 * entry that a sink of Cloud Logging sent. Fails with `INVALID_REQUEST`.
 * The library is loaded with the first event: a first request does not need it.
 */
export async function parseCloudEvent(headers: Headers, body: unknown): Promise<CloudEventEnvelope> {
  try {
    if (!isPubSubPush(headers, body)) return await fromHttp(headers, body);
    const content = pushedContent(body);
    return 'event' in content ? content.event : await fromHttp(content.headers, content.body);
  } catch (error) {
    throw new Failure('INVALID_REQUEST', `The request is not a CloudEvent: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function fromHttp(headers: Headers, body: unknown): Promise<CloudEventEnvelope> {
  const { CloudEvent, HTTP } = await import('cloudevents');
  const event = HTTP.toEvent({ headers, body });
  const one = Array.isArray(event) ? event[0] : event;
  if (!(one instanceof CloudEvent)) throw new Error('it holds no event');
  one.validate();
  return one.toJSON() as unknown as CloudEventEnvelope;
}
