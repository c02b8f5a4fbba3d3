import { connect, createServer } from 'node:net';

/** Passes connections to a port on all addresses of this machine on to `target`, a `host:port`, as they are. */
export async function forward(port: number, target: string): Promise<{ stop(): void }> {
  const [host, targetPort] = target.split(':') as [string, string];
  const server = createServer((client) => {
    const behind = connect(Number(targetPort), host);
    client.pipe(behind).pipe(client);
    for (const [one, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      one.on('error', () => one.destroy());
      one.on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '0.0.0.0', resolve));
  return { stop: () => void server.close() };
}
