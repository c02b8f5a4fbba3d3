import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands before the intake and breaks some of what runners send. */
export interface IntakeProxy extends AsyncDisposable {
  readonly url: string;
  /** Where calls go that are let through. */
  target: string;
  /** Calls whose path ends so are answered with 503. */
  broken: RegExp | undefined;
  /** How many calls were broken so far. */
  readonly brokenCalls: number;
}

export async function openIntakeProxy(): Promise<IntakeProxy> {
  const proxy = { url: '', target: '', broken: undefined as RegExp | undefined, brokenCalls: 0 };
  const server = createServer((incoming, outgoing) => {
    if (proxy.broken?.test(incoming.url ?? '')) {
      proxy.brokenCalls += 1;
      incoming.resume();
      outgoing.writeHead(503).end();
      return;
    }
    const { method = 'GET', headers, url = '/' } = incoming;
    const { hostname, port } = new URL(proxy.target);
    const onward = request({ hostname, port, path: url, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(proxy, {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
