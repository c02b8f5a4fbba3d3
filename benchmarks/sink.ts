import { once } from 'node:events';
import { createServer } from 'node:http';

/** An intake that takes everything and looks at nothing. */
export interface Sink extends AsyncDisposable {
  readonly socket: string;
}

/** `answer`: told the last two parts of a path, the call and whom it is about, when the body has come. */
export async function openSink(socket: string, answer: (call: string, who: string) => object): Promise<Sink> {
  const server = createServer((incoming, outgoing) => {
    incoming.resume().on('end', () => {
      const [who, call] = incoming.url!.split('/').slice(-2) as [string, string];
      outgoing.setHeader('content-type', 'application/json');
      outgoing.end(JSON.stringify(answer(call, who)));
    });
  });
  server.listen(socket);
  await once(server, 'listening');
  return {
    socket,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
