import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Failure } from '@runvoy/core';
import { STREAM_PROTOCOL } from '@runvoy/protocol';
import { WebSocketServer, type ServerOptions } from 'ws';
import { bareForm } from './bare-form.ts';
import { END_ID, eventForm } from './event-form.ts';
import { EventResponse } from './event-response.ts';
import { refuseUpgrade } from './refuse-upgrade.ts';
import { Seats, type SeatsDeps } from './seats.ts';
import { socketForm } from './socket-form.ts';
import { typedForm } from './typed-form.ts';
import { ViewerSocket } from './viewer-socket.ts';

export type LiveViewDeps = SeatsDeps;

/** The live view as an HTTP server mounts it. */
export interface LiveView {
  /** For the server's `upgrade` event, after it has looked at the path. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Answers with server-sent events. Rejects with a `Failure` before anything is written; afterwards the answer is its own. */
  serveEvents(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Tells every viewer to come back (1012), takes no more, and resolves when all are gone, at the latest after 2 s. */
  close(): Promise<void>;
  viewers(): number;
}

/** Clients have nothing to say: their frames are ignored, and large ones end the connection. */
const WS_OPTIONS: ServerOptions & { readonly closeTimeout: number } = {
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: 4 * 1024,
  closeTimeout: 5_000,
  handleProtocols: (offered) => offered.has(STREAM_PROTOCOL) && STREAM_PROTOCOL,
};

const TYPED = socketForm(typedForm);
const BARE = socketForm(bareForm);

/** A client may leave while it is being looked at. */
function leave(this: Duplex): void {
  this.destroy();
}

/** Serves runs to whoever watches them, over WebSocket and as server-sent events. */
export function buildLiveView(deps: LiveViewDeps): LiveView {
  const { logger } = deps;
  const server = new WebSocketServer(WS_OPTIONS);
  const seats = new Seats(deps);

  server.on('wsClientError', (error, socket) => {
    refuseUpgrade(logger, socket, new Failure('INVALID_REQUEST', `Not a WebSocket handshake: ${error.message}.`));
  });

  return {
    handleUpgrade(request, socket, head) {
      socket.on('error', leave);
      seats
        .welcome(request, ({ admission, sit }) => {
          if (socket.destroyed) return;
          server.handleUpgrade(request, socket, head, (ws) => {
            ws.once('close', sit(new ViewerSocket(ws, socket), admission.isTyped ? TYPED : BARE));
          });
        })
        .catch((error: unknown) => refuseUpgrade(logger, socket, error));
    },

    async serveEvents(request, response) {
      // It has seen the end; anything but 204 would make an EventSource come back for ever.
      if (request.headers['last-event-id'] === END_ID) return void response.writeHead(204).end();
      await seats.welcome(request, ({ sit }) => {
        if (response.destroyed) return;
        response.once('close', sit(new EventResponse(response, request.headers.origin), eventForm));
      });
    },

    close: () => seats.close(),
    viewers: () => seats.size,
  };
}
