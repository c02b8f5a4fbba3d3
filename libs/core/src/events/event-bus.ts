/** A CloudEvent 1.0 in structured form, `data` as JSON (https://github.com/cloudevents/spec). */
export interface CloudEventEnvelope {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  /** RFC 3339. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  /** The recorded span that it belongs below (https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/distributed-tracing.md). */
  readonly traceparent?: string;
  readonly data: unknown;
}

/** Carries events to the processor's `/events`, at least once, in no order. */
export interface EventBus {
  /** Resolves when the event is durable. The same `id` published twice may be delivered once or twice. */
  publish(event: CloudEventEnvelope): Promise<void>;
  /**
   * Puts aside what can never be carried out, with the reason and the route that refused it, for an operator to see and to send
   * again: sooner or later it is among the dead letters. Resolves when it is durable: only then may the event be acknowledged.
   */
  deadLetter(event: CloudEventEnvelope, reason: string, route: string): Promise<void>;
}
