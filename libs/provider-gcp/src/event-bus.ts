import type { PubSub, Topic } from '@google-cloud/pubsub';
import { Failure } from '@runvoy/core';
import type { CloudEventEnvelope, EventBus, Millis } from '@runvoy/core';
import { REASON, ROUTE } from './dead-letters.ts';
import { plaintextEndpoint } from './endpoint.ts';

export interface PubSubEventBusOptions {
  readonly project: string;
  /** `RUNVOY_GCP_EVENTARC_TOPIC`. */
  readonly topic: string;
  /** `<topic>-dead-letters` unless told. */
  readonly deadLetterTopic?: string | undefined;
  /** Another address than Google's, `host:port`, in plain text. */
  readonly endpoint?: string | undefined;
  /** How long Pub/Sub may take to acknowledge an event, tries included; 10 s unless told. */
  readonly deadlineMs?: Millis;
}

export interface PubSubEventBus extends EventBus, AsyncDisposable {
  /**
   * Publishes what can never be carried out to the dead-letter topic, with reason and route as the attributes `runvoy-reason` and
   * `runvoy-route`. Resolves when it is durable. A push brings it to the records.
   */
  deadLetter(event: CloudEventEnvelope, reason: string, route: string): Promise<void>;
  /** Lets go of the connection. What was not acknowledged by then fails. */
  close(): Promise<void>;
}

/** Pub/Sub takes 10 MB a message; beyond 9 MiB its client never sends, and beyond 10 MB the emulator never answers. */
const LARGEST_EVENT = 9 * 1_024 * 1_024;
/** https://cloud.google.com/pubsub/quotas#resource_limits */
const LARGEST_ATTRIBUTE = 1_024;
const CONTENT_TYPE = 'application/cloudevents+json; charset=UTF-8';

/**
 * A bus over one topic of Pub/Sub: an event is one message, its data the event in structured form. The attribute `content-type`
 * says so, `type` repeats the event's type for whoever filters. Nothing is asked of Pub/Sub before the first event.
 *
 * Fails with `PAYLOAD_TOO_LARGE` for an event that Pub/Sub does not take, and with `STORE_UNAVAILABLE` when it does not acknowledge
 * in time: the event may have been published then.
 */
export function openPubSubEventBus(options: PubSubEventBusOptions): PubSubEventBus {
  return new EventsToTopic(options);
}

class EventsToTopic implements PubSubEventBus {
  readonly #options: PubSubEventBusOptions;
  readonly #topics = new Map<string, Promise<Topic>>();
  #client: Promise<PubSub> | undefined;

  constructor(options: PubSubEventBusOptions) {
    this.#options = options;
  }

  async publish(event: CloudEventEnvelope): Promise<void> {
    await this.#send(this.#options.topic, event, {});
  }

  async deadLetter(event: CloudEventEnvelope, reason: string, route: string): Promise<void> {
    const topic = this.#options.deadLetterTopic ?? `${this.#options.topic}-dead-letters`;
    await this.#send(topic, event, { [REASON]: cut(reason), [ROUTE]: route });
  }

  async close(): Promise<void> {
    await (await this.#client)?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #send(topicId: string, event: CloudEventEnvelope, more: Readonly<Record<string, string>>): Promise<void> {
    const data = Buffer.from(JSON.stringify(event));
    if (data.length > LARGEST_EVENT) {
      const size = `${data.length} bytes`;
      throw new Failure('PAYLOAD_TOO_LARGE', `Event ${event.id} has ${size}; Pub/Sub takes ${LARGEST_EVENT}.`);
    }
    const attributes = { 'content-type': CONTENT_TYPE, type: event.type, ...more };
    try {
      const topic = await this.#topic(topicId);
      await topic.publishMessage({ data, attributes });
    } catch (cause) {
      throw new Failure('STORE_UNAVAILABLE', '', { cause });
    }
  }

  #topic(id: string): Promise<Topic> {
    const known = this.#topics.get(id) ?? this.#openTopic(id);
    this.#topics.set(id, known);
    return known;
  }

  async #openTopic(id: string): Promise<Topic> {
    this.#client ??= connect(this.#options);
    return (await this.#client).topic(id, {
      // Whoever publishes waits for the answer: nothing is gained by collecting longer than one turn.
      batching: { maxMilliseconds: 1 },
      gaxOpts: { timeout: this.#options.deadlineMs ?? 10_000 },
    });
  }
}

async function connect({ project, endpoint }: PubSubEventBusOptions): Promise<PubSub> {
  const { PubSub: Client } = await import('@google-cloud/pubsub');
  if (endpoint === undefined) return new Client({ projectId: project });
  const { authClient } = await plaintextEndpoint(endpoint);
  return new Client({ projectId: project, apiEndpoint: endpoint, emulatorMode: true, authClient });
}

/** Cut to what an attribute holds, not in the middle of a character. */
function cut(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= LARGEST_ATTRIBUTE) return text;
  return new TextDecoder().decode(bytes.subarray(0, LARGEST_ATTRIBUTE), { stream: true });
}
