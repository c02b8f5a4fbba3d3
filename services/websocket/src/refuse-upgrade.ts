import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { isFailure } from '@runvoy/core';
import { answerFor, newRequestId, type Logger } from '@runvoy/runtime';

/** Answers an upgrade with an HTTP error in the form all our routes use, and closes the connection. */
export function refuseUpgrade(logger: Logger, socket: Duplex, error: unknown): void {
  const requestId = newRequestId();
  const { status, body, isUnexpected } = answerFor(error, requestId);
  const isBusy = isFailure(error, 'TOO_MANY_VIEWERS') || isFailure(error, 'SHUTTING_DOWN');
  // Without its URL: that holds the ticket.
  if (isUnexpected && !isBusy) logger.error('A live view could not be opened', { request_id: requestId, error });
  if (!socket.writable) return void socket.destroy();
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    `X-Request-Id: ${requestId}`,
    'Cache-Control: no-store',
    'Connection: close',
  ];
  socket.once('finish', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`);
}
