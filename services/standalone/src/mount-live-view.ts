import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Failure } from '@runvoy/core';
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
      if (!(error instanceof Failure)) throw error;
      return refuse(socket, error.status, error.message);
    }
    const path = (request.url ?? '').split('?', 1)[0];
    if (path !== STREAM_PATH) return refuse(socket, 404, `Nothing to upgrade at ${String(path).slice(0, 120)}.`);
    liveView.handleUpgrade(request, socket, head);
  });
}

function refuse(socket: Duplex, status: number, text: string): void {
  const body = `${text}\n`;
  // The peer may be gone already.
  socket.on('error', () => undefined);
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
