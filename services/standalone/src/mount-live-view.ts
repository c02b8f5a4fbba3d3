import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Failure } from '@runvoy/core';
import { answerOnSocket } from '@runvoy/runtime';
import type { LiveView } from '@runvoy/websocket';
import type { FastifyInstance } from 'fastify';
import type { Door } from './door.ts';

/** Where live views are on the one port. */
export const STREAM_PATH = '/stream';

/** Sends upgrades on `/stream` to the live view; any other is refused with an answer a client can show. */
export function mountLiveView(app: FastifyInstance, liveView: LiveView, door: Door): void {
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    try {
      door.guardUpgrade(request);
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
