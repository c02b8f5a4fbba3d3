import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Failure } from '@runvoy/core';
import { answerOnSocket, type newHttpApp } from '@runvoy/runtime';
import type { LiveView } from './live-view.ts';

/** Where live views are on their server. */
export const STREAM_PATH = '/stream';
/** Where they are as server-sent events. */
export const EVENTS_PATH = `${STREAM_PATH}/events`;

/**
 * Sends upgrades on `/stream` to the live view, and requests for `/stream/events`; any other upgrade is refused with an answer a
 * client can show. `guard` looks at every upgrade first, and throws a `Failure` to turn it away.
 */
export function mountLiveView(
  app: ReturnType<typeof newHttpApp>,
  liveView: LiveView,
  guard: (request: IncomingMessage) => void = () => undefined,
): void {
  app.get(EVENTS_PATH, { exposeHeadRoute: false }, async (request, reply) => {
    await liveView.serveEvents(request.raw, reply.raw);
    reply.hijack();
  });
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    try {
      guard(request);
    } catch (error) {
      return answerOnSocket(socket, error);
    }
    const path = (request.url ?? '').split('?', 1)[0];
    if (path !== STREAM_PATH) {
      return answerOnSocket(socket, new Failure('NOT_FOUND', `Nothing to upgrade at ${String(path).slice(0, 120)}.`));
    }
    liveView.handleUpgrade(request, socket, head);
  });
}
