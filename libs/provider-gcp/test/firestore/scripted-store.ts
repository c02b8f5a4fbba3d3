import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the server does with one request: an answer, or something that is none. */
export type Scripted =
  | { readonly status: number; readonly body: unknown }
  | { readonly text: string; readonly status: number }
  /** The connection breaks after the request was read. */
  | 'broken'
  /** Nothing ever comes. */
  | 'silent';

export interface ScriptedStore extends AsyncDisposable {
  readonly host: string;
  /** The method of each request, such as `batchGet`, with its body. */
  readonly asked: readonly { readonly method: string; readonly body: Record<string, unknown> }[];
}

/** A server at Firestore's REST doors that answers by `script`; once that is used up, with the last of it. */
export async function scriptedStore(script: readonly Scripted[]): Promise<ScriptedStore> {
  const asked: { method: string; body: Record<string, unknown> }[] = [];
  const left = [...script];
  const server = createServer((request, response) => void take(request, response));
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>;
    asked.push({ method: request.url?.split(':').at(-1) ?? '', body });
    const next = left.length > 1 ? left.shift() : left[0];
    if (next === undefined || next === 'silent') return;
    if (next === 'broken') return void request.socket.destroy();
    response.writeHead(next.status, { 'content-type': 'application/json' });
    response.end('text' in next ? next.text : JSON.stringify(next.body));
  };
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

/** Google's form of a refusal. */
export const refusal = (code: number, status: string, message = 'no'): Scripted => ({
  status: code,
  body: { error: { code, status, message } },
});

/** Google's form of a refusal at a door that streams. */
export const streamRefusal = (code: number, status: string): Scripted => ({
  status: code,
  body: [{ error: { code, status, message: 'no' } }],
});
