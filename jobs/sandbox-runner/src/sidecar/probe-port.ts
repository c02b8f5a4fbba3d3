import { once } from 'node:events';
import { createServer } from 'node:net';

/** Opens the port by which the platform learns that the workspace is ready: every connection is accepted and closed. */
export async function openProbePort(host: string, port: number): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end();
  });
  server.listen(port, host);
  await once(server, 'listening');
  server.unref();
}
