import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { consoleRoutes } from '../../services/standalone/src/console-routes.ts';

/** The console at an address of its own. */
export interface ConsoleDoor {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Serves the built console, which asks for the API where it was loaded from, and hands those requests on to the API as they are: what a
 * load balancer does before a deployment. On loopback, on a port that the kernel picks.
 */
export async function openConsoleDoor(root: string, apiUrl: string): Promise<ConsoleDoor> {
  const pages = Fastify();
  consoleRoutes(pages, root);
  await pages.ready();
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/api/')) handOn(request, response, apiUrl);
    else pages.routing(request, response);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await pages.close();
    },
  };
}

function handOn(request: IncomingMessage, response: ServerResponse, apiUrl: string): void {
  const { method, headers, url = '' } = request;
  const inner = httpRequest(new URL(url, apiUrl), { method, headers, agent: false }, (answer) => {
    response.writeHead(answer.statusCode!, answer.rawHeaders);
    answer.once('error', () => response.destroy());
    answer.pipe(response);
  });
  inner.once('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
  response.once('close', () => inner.destroy());
  request.pipe(inner);
}
