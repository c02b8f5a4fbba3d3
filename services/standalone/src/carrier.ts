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

/** Cloud Scheduler's part: a tick now and every `everyMs`, one at a time, until `signal` aborts. */
export async function runTicks(carrier: Carrier, clock: Clock, everyMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const at_ms = clock.now();
    await carrier.deliver(
      '/events/tick',
      newEvent('dev.runvoy.tick.v1', { at_ms }, { id: `tick-${at_ms}`, subject: 'tick', at_ms }),
    );
    await clock.sleep(everyMs, signal);
  }
}
