import { newEvent, type CloudEventEnvelope, type Clock } from '@runvoy/core';
import type { FastifyInstance } from 'fastify';

/** Brings events to the processor's own routes, as Pub/Sub, Eventarc and Scheduler do in the cloud. */
export interface Carrier {
  /** True when the processor answered 2xx: the effect is stored. Never rejects: what could not be brought was not delivered. */
  deliver(path: '/events' | '/events/tick', event: CloudEventEnvelope): Promise<boolean>;
}

/** In one process the way is a call, through the same routes, parsers and handlers as over HTTP. */
export function newCarrier(processor: Promise<FastifyInstance>, noticed: (error: unknown) => void): Carrier {
  return {
    async deliver(path, event) {
      try {
        const app = await processor;
        const { statusCode } = await app.inject({
          method: 'POST',
          url: path,
          headers: { 'content-type': 'application/cloudevents+json' },
          payload: JSON.stringify(event),
        });
        return statusCode >= 200 && statusCode < 300;
      } catch (error) {
        // A processor that closes, for one. Nobody waits for a hint or a tick, and a rejection would end the server.
        noticed(error);
        return false;
      }
    },
  };
}

/** A hint that the platform knows something new. Losing one costs time, not truth: the next tick looks anyway. */
export function lookEvent(executionId: string, nowMs: number): CloudEventEnvelope {
  return newEvent(
    'dev.runvoy.execution.look.v1',
    { execution_id: executionId },
    { id: `look-${executionId}-${nowMs}`, subject: executionId, at_ms: nowMs },
  );
}

interface ScheduleOptions {
  readonly clock: Clock;
  /** 0 unless told: at once. */
  readonly firstMs?: number;
  readonly everyMs: number;
  readonly signal: AbortSignal;
}

/** Cloud Scheduler's part: one of its events after `firstMs` and then every `everyMs`, one at a time, until `signal` aborts. */
export async function runSchedule(
  subject: 'tick' | 'sweep',
  carrier: Carrier,
  { clock, firstMs = 0, everyMs, signal }: ScheduleOptions,
): Promise<void> {
  if (firstMs > 0) await clock.sleep(firstMs, signal);
  while (!signal.aborted) {
    const at_ms = clock.now();
    const event = newEvent(`dev.runvoy.${subject}.v1`, { at_ms }, { id: `${subject}-${at_ms}`, subject, at_ms });
    await carrier.deliver('/events/tick', event);
    await clock.sleep(everyMs, signal);
  }
}
