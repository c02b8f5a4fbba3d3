import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Failure } from '@runvoy/core';
import { STREAM_CLOSE, STREAM_PROTOCOL, type HelloFrame } from '@runvoy/protocol';
import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws';
import { admitViewer, type Admission, type AdmissionDeps } from './admit-viewer.ts';
import { bareForm } from './bare-form.ts';
import type { FeedDeps } from './execution-feed.ts';
import { ExecutionFeeds, type FeedPlace } from './execution-feeds.ts';
import { recheckViewers, type Watched } from './recheck-viewers.ts';
import { refuseUpgrade } from './refuse-upgrade.ts';
import { typedForm } from './typed-form.ts';
import { Viewer } from './viewer.ts';
import { ViewerSocket } from './viewer-socket.ts';

export interface LiveViewDeps extends AdmissionDeps, FeedDeps {
  /** Viewers this instance serves at most; 2,000 unless told. */
  readonly maxViewers?: number;
}

/** The live view as an HTTP server mounts it. */
export interface LiveView {
  /** For the server's `upgrade` event, after it has looked at the path. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Tells every viewer to come back (1012), takes no more, and resolves when all are gone, at the latest after 2 s. */
  close(): Promise<void>;
  viewers(): number;
}

const MAX_VIEWERS = 2_000;
/** Pings and re-checks of permissions. */
const ROUND_MS = 30_000;
const CLOSING_MS = 2_000;

/** Clients have nothing to say: their frames are ignored, and large ones end the connection. */
const WS_OPTIONS: ServerOptions & { readonly closeTimeout: number } = {
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: 4 * 1024,
  closeTimeout: 5_000,
  handleProtocols: (offered) => offered.has(STREAM_PROTOCOL) && STREAM_PROTOCOL,
};

/** A client may leave while it is being looked at. */
function leave(this: Duplex): void {
  this.destroy();
}

interface Seat extends Watched {
  readonly socket: ViewerSocket;
}

/** Serves runs to whoever watches them, over WebSocket. */
export function buildLiveView(deps: LiveViewDeps): LiveView {
  const { clock, logger, maxViewers = MAX_VIEWERS } = deps;
  const server = new WebSocketServer(WS_OPTIONS);
  const feeds = new ExecutionFeeds(deps);
  const seats = new Set<Seat>();
  const closing = new AbortController();
  let arriving = 0;
  let whenEmpty: (() => void) | undefined;

  server.on('wsClientError', (error, socket) => {
    refuseUpgrade(logger, socket, new Failure('INVALID_REQUEST', `Not a WebSocket handshake: ${error.message}.`));
  });

  async function arrive(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    if (closing.signal.aborted) throw new Failure('SHUTTING_DOWN');
    if (seats.size + arriving >= maxViewers) throw new Failure('TOO_MANY_VIEWERS', String(maxViewers));
    arriving += 1;
    try {
      const admission = await admitViewer(deps, request);
      const place = await feeds.enter(admission.execution);
      let isSeated = false;
      try {
        const hello = await place.feed.hello();
        if (closing.signal.aborted) throw new Failure('SHUTTING_DOWN');
        if (socket.destroyed) return;
        server.handleUpgrade(request, socket, head, (ws) => {
          isSeated = true;
          seat(ws, socket, place, admission, hello);
        });
      } finally {
        if (!isSeated) place.release();
      }
    } finally {
      arriving -= 1;
    }
  }

  function seat(ws: WebSocket, stream: Duplex, place: FeedPlace, admission: Admission, hello: HelloFrame): void {
    const { feed } = place;
    const socket = new ViewerSocket(ws, stream);
    const form = admission.isTyped ? typedForm : bareForm;
    const viewer = new Viewer({ outlet: socket, form, log: feed, after: admission.after });
    const taken: Seat = {
      socket,
      keyId: admission.keyId,
      get execution() {
        return feed.execution;
      },
      revoke: () => socket.close(STREAM_CLOSE.revoked, 'no longer allowed'),
    };
    seats.add(taken);
    ws.once('close', () => {
      seats.delete(taken);
      feed.leave(viewer);
      place.release();
      if (seats.size === 0) whenEmpty?.();
    });
    feed.join(viewer);
    viewer.begin(hello);
  }

  async function makeRounds(): Promise<void> {
    let recheck: Promise<void> | undefined;
    while (true) {
      await clock.sleep(ROUND_MS, closing.signal);
      if (closing.signal.aborted) return;
      for (const { socket } of seats) socket.checkAlive();
      // A store that takes longer than a round holds up neither the pings nor itself.
      recheck ??= recheckViewers(deps, seats)
        .catch((error: unknown) => logger.error('The check of open live views failed', { error }))
        .finally(() => (recheck = undefined));
    }
  }
  void makeRounds();

  return {
    handleUpgrade(request, socket, head) {
      socket.on('error', leave);
      arrive(request, socket, head).catch((error: unknown) => refuseUpgrade(logger, socket, error));
    },

    async close() {
      closing.abort();
      for (const { socket } of seats)
        socket.close(STREAM_CLOSE.restarting, 'the server restarts; resume with the cursor');
      if (seats.size > 0) {
        const empty = new AbortController();
        whenEmpty = () => empty.abort();
        await clock.sleep(CLOSING_MS, empty.signal);
      }
      for (const { socket } of seats) socket.terminate();
    },

    viewers: () => seats.size,
  };
}
