import { parseCloudEvent } from '@runvoy/runtime';
import type { FastifyInstance } from 'fastify';
import type { ProcessorDeps } from './deps.ts';
import { handleEvent } from './event-handlers.ts';

/** `/events*`: 204 only after the effect is stored; anything else is delivered again. */
export function eventRoutes(app: FastifyInstance, deps: ProcessorDeps): void {
  for (const path of ['/events', '/events/tick']) {
    app.post(path, async (request, reply) => {
      await handleEvent(deps, await parseCloudEvent(request.headers, request.body));
      reply.code(204);
    });
  }
}
