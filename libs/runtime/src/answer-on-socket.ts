import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { answerFor } from './error-body.ts';
import { newRequestId } from './request-id.ts';

/**
 * Answers on a bare connection and closes it: for a request that could not be read, and for an upgrade that is refused.
 * The answer has the form of all others; nothing of the request is in its head.
 */
export function answerOnSocket(socket: Duplex, error: unknown): void {
  // The peer may be gone already.
  socket.on('error', () => socket.destroy());
  if (!socket.writable) return void socket.destroy();
  const requestId = newRequestId();
  const { status, body, retryAfterS } = answerFor(error, requestId);
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    `X-Request-Id: ${requestId}`,
    'X-Content-Type-Options: nosniff',
    'Cache-Control: no-store',
    ...(retryAfterS === undefined ? [] : [`Retry-After: ${retryAfterS}`]),
    'Connection: close',
  ];
  // Ending alone would leave the connection to a peer that never ends its own side.
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`, () => socket.destroy());
}
