import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Where Firestore's REST calls go, with what it is asked. */
export interface RestDoor<T> extends AsyncDisposable {
  readonly host: string;
  readonly asked: readonly T[];
}

/** A server that hands each call to `take`, with the name of its method, such as `batchGet`, and its body as text. */
export async function openRestDoor<T>(
  asked: readonly T[],
  take: (
    call: { readonly method: string; readonly text: string },
    response: ServerResponse,
    request: IncomingMessage,
  ) => void,
): Promise<RestDoor<T>> {
  const read = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = Buffer.concat(await request.toArray()).toString();
    take({ method: request.url?.split(':').at(-1) ?? '', text }, response, request);
  };
  const server = createServer((request, response) => void read(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
