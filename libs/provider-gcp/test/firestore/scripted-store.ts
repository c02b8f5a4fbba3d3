import { openRestDoor, type RestDoor } from './rest-door.ts';

/** What the server does with one request: an answer, or something that is none. */
export type Scripted =
  | { readonly status: number; readonly body: unknown }
  | { readonly text: string; readonly status: number }
  /** The connection breaks after the request was read. */
  | 'broken'
  /** Nothing ever comes. */
  | 'silent';

/** The method of each request, such as `batchGet`, with its body. */
export type ScriptedStore = RestDoor<{ readonly method: string; readonly body: Record<string, unknown> }>;

/** A server at Firestore's REST doors that answers by `script`; once that is used up, with the last of it. */
export async function scriptedStore(script: readonly Scripted[]): Promise<ScriptedStore> {
  const asked: { method: string; body: Record<string, unknown> }[] = [];
  const left = [...script];
  return openRestDoor(asked, ({ method, text }, response, request) => {
    asked.push({ method, body: JSON.parse(text) as Record<string, unknown> });
    const next = left.length > 1 ? left.shift() : left[0];
    if (next === undefined || next === 'silent') return;
    if (next === 'broken') return void request.socket.destroy();
    response.writeHead(next.status, { 'content-type': 'application/json' });
    response.end('text' in next ? next.text : JSON.stringify(next.body));
  });
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
