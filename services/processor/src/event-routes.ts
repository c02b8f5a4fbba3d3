import { createHash } from 'node:crypto';
import { Failure, type CloudEventEnvelope, type FailureCode } from '@runvoy/core';
import { parseCloudEvent } from '@runvoy/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { callersOnly } from './callers.ts';
import type { EventDeps } from './deps.ts';
import { handleEvent } from './event-handlers.ts';

/** What no further delivery can change. */
const POISON: readonly FailureCode[] = ['INVALID_REQUEST', 'UNPROCESSABLE', 'EXECUTION_NOT_FOUND'];

/**
 * `/events*`: 204 only after the effect is stored; anything else is delivered again. What can never be carried out is put aside with
 * its reason first, and then acknowledged: it would come a hundred times and say less each time.
 */
export function eventRoutes(app: FastifyInstance, deps: EventDeps): void {
  for (const path of ['/events', '/events/logs', '/events/tick'] as const) {
    app.post(path, { onRequest: callersOnly(deps.callers, path) }, async (request, reply) => {
      await takeIn(deps, request);
      reply.code(204);
    });
  }
}

async function takeIn(deps: EventDeps, request: FastifyRequest): Promise<void> {
  let event: CloudEventEnvelope | undefined;
  try {
    event = await parseCloudEvent(request.headers, request.body);
    await handleEvent(deps, event);
  } catch (error) {
    if (!(error instanceof Failure) || !POISON.includes(error.code)) throw error;
    const given = event ?? unreadable(request.body, deps.clock.now());
    await deps.bus.deadLetter(given, error.message);
    deps.logger.warn('an event was put aside', { type: given.type, id: given.id, reason: error.message });
  }
}

/** Whatever came, as an event, so that it can be put aside like one. */
function unreadable(body: unknown, nowMs: number): CloudEventEnvelope {
  const data = body ?? null;
  return {
    specversion: '1.0',
    id: `unreadable-${createHash('sha256').update(JSON.stringify(data)).digest('hex').slice(0, 32)}`,
    source: '/runvoy/processor',
    type: 'dev.runvoy.unreadable.v1',
    time: new Date(nowMs).toISOString(),
    datacontenttype: 'application/json',
    data,
  };
}
