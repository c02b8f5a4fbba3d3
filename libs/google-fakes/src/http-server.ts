import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Listening } from './grpc-server.ts';

/** An answer over HTTP: an object is sent as JSON, bytes as they are. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object | Buffer | string;
}

/** A refusal in the form of Google's JSON APIs. */
export class HttpRefusal extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

/** Serves on 127.0.0.1, on a port that the kernel picks unless one is given. Stopping cuts what is open. */
export async function serveHttp(
  listener: RequestListener,
  configure: (server: Server) => void = () => {},
  wanted = 0,
): Promise<Listening> {
  const server = createServer({ keepAliveTimeout: 5_000 }, listener);
  configure(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(wanted, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers each request with what `work` makes of it. A throw other than `HttpRefusal` is answered 500 with its message. */
export function answering(work: (request: IncomingMessage) => Promise<HttpAnswer>): RequestListener {
  return (request, response) => {
    work(request).then(
      (answer) => send(response, answer),
      (error: unknown) => send(response, refused(error)),
    );
  };
}

/** The whole body. Rejects when the sender went away in the middle. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

function send(response: ServerResponse, { status, headers = {}, body }: HttpAnswer): void {
  const isJson = typeof body === 'object' && !Buffer.isBuffer(body);
  response.writeHead(status, isJson ? { 'content-type': 'application/json; charset=UTF-8', ...headers } : headers);
  response.end(isJson ? JSON.stringify(body) : body);
}

function refused(error: unknown): HttpAnswer {
  const { status, reason, message } =
    error instanceof HttpRefusal ? error : { status: 500, reason: 'backendError', message: (error as Error).message };
  return { status, body: { error: { code: status, message, errors: [{ message, domain: 'global', reason }] } } };
}
