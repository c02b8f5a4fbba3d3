import { Failure, type CloudEventEnvelope } from '@runvoy/core';

/**
 * Reads a CloudEvent in binary or structured HTTP form. Fails with `INVALID_REQUEST`.
 * The library is loaded with the first event: a first request does not need it.
 */
export async function parseCloudEvent(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: unknown,
): Promise<CloudEventEnvelope> {
  const { CloudEvent, HTTP } = await import('cloudevents');
  try {
    const event = HTTP.toEvent({ headers, body });
    const one = Array.isArray(event) ? event[0] : event;
    if (!(one instanceof CloudEvent)) throw new Error('it holds no event');
    one.validate();
    return one.toJSON() as unknown as CloudEventEnvelope;
  } catch (error) {
    throw new Failure('INVALID_REQUEST', `The request is not a CloudEvent: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
