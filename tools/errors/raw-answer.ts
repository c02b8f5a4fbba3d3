import { connect } from 'node:net';
import { newHttpApp, silentLogger } from '../../libs/runtime/src/index.ts';

/** Sends bytes to a server that waits for nobody, and reads until it closes: the body of its answer. */
export async function rawAnswer(bytes: string): Promise<{ readonly code: string; readonly status: number }> {
  const patience = { headersMs: 200, requestMs: 200, checkMs: 50 };
  const app = newHttpApp({ logger: silentLogger, patience });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as { port: number };
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  let text = '';
  for await (const part of socket) text += String(part);
  await app.close();
  return JSON.parse(text.slice(text.indexOf('\r\n\r\n'))) as { code: string; status: number };
}
