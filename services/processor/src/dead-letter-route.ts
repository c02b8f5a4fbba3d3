import { recordDeath, type CloudEventEnvelope } from '@runvoy/core';
import { parseCloudEvent, type PubSubPush } from '@runvoy/runtime';
import type { FastifyInstance } from 'fastify';
import { callersOnly } from './callers.ts';
import type { EventDeps } from './deps.ts';
import { unreadableEvent } from './unreadable-event.ts';

/** The largest message of Pub/Sub, 10 MB, as base64 in JSON: here nothing may be too large to be kept, or it is never seen. */
const BODY_LIMIT = 15 * 1_024 * 1_024;

/**
 * `POST /events/dead-letters`: takes in what was put aside, so that it can be read and sent again. It refuses nothing but what it
 * could not store: there is no second place to put things aside.
 */
export function deadLetterRoute(app: FastifyInstance, deps: EventDeps): void {
  const { readDeadLetterMark } = deps;
  if (!readDeadLetterMark) return;
  const options = { bodyLimit: BODY_LIMIT, onRequest: callersOnly(deps.callers, '/events/dead-letters') };
  app.post('/events/dead-letters', options, async ({ headers, body }, reply) => {
    const event = await parseCloudEvent(headers, body).catch(() => unreadable(headers, body, deps.clock.now()));
    const { message } = (body ?? {}) as Partial<PubSubPush>;
    const mark = readDeadLetterMark(message?.attributes ?? {});
    const { id } = await recordDeath(deps, { event, ...mark, delivery: message?.messageId });
    deps.logger.warn('a dead letter was kept', { dead_letter_id: id, type: event.type, reason: mark.reason });
    reply.code(204);
  });
}

/** Without what changes from delivery to delivery, so that one message stays one letter. */
function unreadable(headers: Parameters<typeof unreadableEvent>[0], body: unknown, nowMs: number): CloudEventEnvelope {
  const { message } = (body ?? {}) as Partial<PubSubPush>;
  return unreadableEvent(headers, message ? { message } : body, nowMs);
}
