import { Failure, newArchiver, newTickMarks, type CloudEventEnvelope, type FailureCode } from '@runvoy/core';
import { parseCloudEvent, tellDelivery } from '@runvoy/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { callersOnly } from './callers.ts';
import { deadLetterRoute } from './dead-letter-route.ts';
import type { EventDeps } from './deps.ts';
import { handleEvent } from './event-handlers.ts';
import { unreadableEvent } from './unreadable-event.ts';

/** What no further delivery can change. */
const POISON: readonly FailureCode[] = ['INVALID_REQUEST', 'UNPROCESSABLE', 'EXECUTION_NOT_FOUND'];

/**
 * `/events*`: 204 only after the effect is stored; anything else is delivered again. What can never be carried out is put aside with
 * its reason first, and then acknowledged: it would come a hundred times and say less each time.
 */
export function eventRoutes(app: FastifyInstance, given: EventDeps): void {
  const deps = {
    ...given,
    marks: given.marks ?? newTickMarks(given),
    archiver:
      given.archiver ??
      newArchiver(given, (error, about) =>
        given.logger.warn('a log was not archived; it is tried again', { about, error }),
      ),
  };
  for (const path of ['/events', '/events/logs', '/events/tick'] as const) {
    app.post(path, { onRequest: callersOnly(deps.callers, path) }, async (request, reply) => {
      await takeIn(deps, request, path);
      reply.code(204);
    });
  }
  deadLetterRoute(app, deps);
}

async function takeIn(deps: EventDeps, request: FastifyRequest, route: string): Promise<void> {
  let event: CloudEventEnvelope | undefined;
  const startMs = deps.clock.now();
  try {
    event = await parseCloudEvent(request.headers, request.body);
    const run = await handleEvent(deps, event);
    tellDelivery(deps.tracing, event, run, { startMs, route });
  } catch (error) {
    if (!(error instanceof Failure) || !POISON.includes(error.code)) throw error;
    const given = event ?? unreadableEvent(request.headers, request.body, deps.clock.now());
    await deps.bus.deadLetter(given, error.message, route);
    deps.logger.warn('an event was put aside', { type: given.type, id: given.id, reason: error.message });
  }
}
