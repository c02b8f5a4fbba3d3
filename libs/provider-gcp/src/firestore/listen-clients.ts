import type { FirestoreClient } from '@google-cloud/firestore-api/client_v1';
import { StoreProblem } from './store-problem.ts';

/** What a listener is told, in the form of Google's client. Every field but one is absent. */
export interface ListenResponse {
  readonly targetChange?: {
    readonly targetChangeType?: string;
    readonly targetIds?: readonly number[];
    readonly cause?: { readonly code?: number; readonly message?: string } | null;
    readonly resumeToken?: Uint8Array;
    readonly readTime?: unknown;
  } | null;
  readonly documentChange?: {
    readonly document: ListenedDocument;
    readonly targetIds?: readonly number[];
    readonly removedTargetIds?: readonly number[];
  } | null;
  readonly documentDelete?: { readonly document: string } | null;
  readonly documentRemove?: { readonly document: string } | null;
  readonly filter?: { readonly count?: number } | null;
}

export interface ListenedDocument {
  readonly name: string;
  readonly fields?: Readonly<Record<string, object>>;
  readonly updateTime?: { readonly seconds?: string | number; readonly nanos?: number };
}

/** One open listen call. */
export interface ListenStream {
  /** Ends it; nothing is told afterwards. */
  cancel(): void;
}

export interface ListenEvents {
  response(response: ListenResponse): void;
  /** It is over; a `StoreProblem` says why. */
  ended(problem: StoreProblem): void;
}

/** Google's front ends allow 100 streams a connection; more would wait without a word. */
const STREAMS_PER_CLIENT = 90;
const CLOSE_MS = 2_000;

/** google.rpc.Code, by number. */
const STATUS_NAMES =
  'OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED'.split(
    ' ',
  );

export const statusNamed = (code: number | undefined): string => STATUS_NAMES[code ?? 2] ?? 'UNKNOWN';

/** Listen calls by Google's gRPC client, which is loaded with the first of them: no REST door streams. */
export class ListenClients {
  readonly #host: string | undefined;
  readonly #clients: { readonly client: Promise<FirestoreClient>; streams: number }[] = [];

  readonly #closing = new Set<Promise<void>>();

  constructor(host: string | undefined) {
    this.#host = host;
  }

  /** Opens one listen call with its first message. */
  async open(
    request: { readonly database: string; readonly addTarget: object },
    events: ListenEvents,
  ): Promise<ListenStream> {
    const slot = this.#clients.find(({ streams }) => streams < STREAMS_PER_CLIENT) ?? this.#addClient();
    slot.streams += 1;
    let isOver = false;
    const over = (problem?: StoreProblem): void => {
      if (isOver) return;
      isOver = true;
      slot.streams -= 1;
      if (problem) events.ended(problem);
    };
    try {
      const client = await slot.client;
      const headers = {
        'google-cloud-resource-prefix': request.database,
        ...(this.#host && { authorization: 'Bearer owner' }),
      };
      const stream = client.listen({ otherArgs: { headers } });
      const closed = Promise.withResolvers<void>();
      this.#closing.add(closed.promise);
      const isClosed = (problem: StoreProblem): void => {
        over(problem);
        closed.resolve();
        this.#closing.delete(closed.promise);
      };
      stream.on('data', (response: ListenResponse) => {
        if (!isOver) events.response(response);
      });
      stream.on('error', (error: Error & { code?: number }) =>
        isClosed(new StoreProblem(statusNamed(error.code), error.message)),
      );
      stream.on('end', () => isClosed(new StoreProblem('UNAVAILABLE', 'the listen call ended')));
      stream.write(request);
      return {
        cancel: () => {
          over();
          stream.cancel();
        },
      };
    } catch (error) {
      over();
      throw new StoreProblem('UNAVAILABLE', (error as Error).message, { cause: error });
    }
  }

  /** Resolves when the calls that were cancelled are over, as far as the library is concerned. */
  async close(): Promise<void> {
    const late = AbortSignal.timeout(CLOSE_MS);
    await Promise.race([
      Promise.all(this.#closing),
      new Promise((resolve) => late.addEventListener('abort', resolve, { once: true })),
    ]);
    await Promise.all(this.#clients.splice(0).map(async ({ client }) => (await client).close()));
  }

  #addClient(): { readonly client: Promise<FirestoreClient>; streams: number } {
    const slot = { client: openClient(this.#host), streams: 0 };
    this.#clients.push(slot);
    return slot;
  }
}

async function openClient(host: string | undefined): Promise<FirestoreClient> {
  const { FirestoreClient: Client } = await import('@google-cloud/firestore-api/client_v1');
  // Without a pool of its own a client would share the connection of the one before.
  const ownConnection = { 'grpc.use_local_subchannel_pool': 1 };
  if (host === undefined) return new Client(ownConnection);
  const { credentials } = await import('@grpc/grpc-js');
  const { PassThroughClient } = await import('google-auth-library');
  const { hostname, port } = new URL(`http://${host}`);
  return new Client({
    ...ownConnection,
    apiEndpoint: hostname,
    port: Number(port),
    sslCreds: credentials.createInsecure(),
    // Brings no token; without it the library looks for a metadata server.
    authClient: new PassThroughClient(),
  });
}
