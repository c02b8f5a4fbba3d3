import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { admit } from './front-end/invoker-check.ts';
import { RunningInstance } from './front-end/instance.ts';
import type { ServiceInstance } from './front-end/instance.ts';
import { serveHttp } from './http-server.ts';
import type { TokenIssuer } from './identity/token-issuer.ts';

export type { ServiceInstance } from './front-end/instance.ts';

export interface ServiceOptions {
  /** Private: only these accounts may call, with Google's token for this service. Public unless told. */
  readonly invokers?: readonly string[];
  readonly issuer?: TokenIssuer;
  /** Audiences besides the service's own URL. */
  readonly audiences?: readonly string[];
  /** Takes the CPU away from instances that have no request; they need a pid. */
  readonly throttled?: boolean;
  /** The kernel picks one unless told. */
  readonly port?: number;
  readonly now?: () => number;
}

/** Cloud Run before one service: its URL, and the instances behind it by turns. */
export interface FrontEnd {
  readonly url: string;
  readonly host: string;
  add(instance: ServiceInstance): void;
  /** Sends an instance nothing more and gives it its CPU back, as Cloud Run does before it ends one. */
  retire(host: string): void;
  /** Takes an instance away; its open requests are cut, its process is killed if it has a pid. */
  kill(host: string): void;
  /** Cuts every open connection, as Cloud Run does after 60 minutes. */
  cutAll(): void;
  /** Nobody gets through any more, and who is through is cut off, until `mend`. */
  cut(): void;
  mend(): void;
  /** Requests and upgrades that are open now. */
  readonly inFlight: number;
  /** Ends the front end; throttled processes go on running. */
  stop(): Promise<void>;
}

interface Open {
  readonly instance: RunningInstance;
  cut(): void;
}

/** Opens the front end of a service that has no instance yet: until one is added it answers 503. */
export async function openFrontEnd(options: ServiceOptions = {}): Promise<FrontEnd> {
  const instances: RunningInstance[] = [];
  const open = new Set<Open>();
  const sockets = new Set<Socket>();
  let isCut = false;
  let turns = 0;
  let url = '';

  const next = (): RunningInstance | undefined => instances[turns++ % Math.max(1, instances.length)];

  /** The headers to go on with, or the status to answer. */
  const admitted = (headers: IncomingHttpHeaders) => {
    const { invokers, issuer, audiences = [], now = Date.now } = options;
    if (!invokers) return { headers };
    if (!issuer) return { status: 403 as const };
    return admit(headers, {
      issuer,
      audiences: [url, ...audiences],
      now,
      isInvoker: (email) => invokers.includes(email),
    });
  };

  /** Counts as open until it is closed, by whichever end. */
  const track = (instance: RunningInstance, cut: () => void): (() => void) => {
    const entry: Open = { instance, cut };
    open.add(entry);
    instance.begin();
    return () => {
      if (open.delete(entry)) instance.end();
    };
  };

  const forward = (request: IncomingMessage, headers: IncomingHttpHeaders, instance: RunningInstance) => {
    const [hostname, port] = instance.host.split(':');
    const forwarded = { ...headers, 'x-forwarded-for': forwardedFor(request), 'x-forwarded-proto': 'https' };
    return httpRequest({ hostname, port, method: request.method, path: request.url, headers: forwarded, agent: false });
  };

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const admission = admitted(request.headers);
    if ('status' in admission) return refuse(response, admission.status);
    const instance = next();
    if (!instance) return refuse(response, 503);
    const inner = forward(request, admission.headers, instance);
    const done = track(instance, () => {
      inner.destroy();
      response.destroy();
    });
    response.once('close', done);
    inner.once('error', () => (response.headersSent ? response.destroy() : refuse(response, 503)));
    inner.once('response', (answered) => {
      response.writeHead(answered.statusCode!, answered.rawHeaders);
      answered.once('error', () => response.destroy());
      answered.pipe(response);
    });
    request.pipe(inner);
    response.once('close', () => inner.destroy());
  }

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => {});
    const admission = admitted(request.headers);
    const instance = 'status' in admission ? undefined : next();
    if ('status' in admission || !instance)
      return void socket.end(`HTTP/1.1 ${'status' in admission ? admission.status : 503} \r\n\r\n`);
    const inner = forward(request, admission.headers, instance);
    const done = track(instance, () => {
      inner.destroy();
      socket.destroy();
    });
    socket.once('close', done);
    socket.once('close', () => inner.destroy());
    inner.once('error', () => socket.destroy());
    inner.once('response', (answered) => {
      socket.write(headOf(answered));
      answered.pipe(socket);
    });
    inner.once('upgrade', (answered, innerSocket, innerHead) => {
      innerSocket.on('error', () => socket.destroy());
      innerSocket.once('close', () => socket.destroy());
      socket.once('close', () => innerSocket.destroy());
      socket.write(headOf(answered));
      socket.write(innerHead);
      innerSocket.write(head);
      innerSocket.pipe(socket).pipe(innerSocket);
    });
    inner.end();
  }

  const listening = await serveHttp(
    answer,
    (server) => {
      server.on('upgrade', upgrade);
      server.on('connection', (socket) => {
        if (isCut) return void socket.destroy();
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
      });
      server.requestTimeout = 0;
    },
    options.port,
  );
  url = `http://${listening.host}`;
  const cutThose = (isMeant: (entry: Open) => boolean): void => {
    for (const entry of open) if (isMeant(entry)) entry.cut();
  };
  const taken = (host: string): RunningInstance => {
    const at = instances.findIndex((each) => each.host === host);
    const [instance] = at === -1 ? [] : instances.splice(at, 1);
    if (!instance) throw new Error(`The service has no instance at ${host}.`);
    return instance;
  };

  return {
    url,
    host: listening.host,
    get inFlight() {
      return open.size;
    },
    add: (instance) => void instances.push(new RunningInstance(instance, options.throttled ?? false)),
    retire: (host) => taken(host).release(),
    kill(host) {
      const instance = taken(host);
      instance.kill();
      cutThose((entry) => entry.instance === instance);
    },
    cutAll: () => cutThose(() => true),
    cut() {
      isCut = true;
      cutThose(() => true);
      for (const socket of sockets) socket.destroy();
    },
    mend: () => (isCut = false),
    async stop() {
      cutThose(() => true);
      await listening.stop();
      for (const instance of instances) instance.release();
    },
  };
}

/** Cloud Run appends the address it was called from. */
function forwardedFor(request: IncomingMessage): string {
  const before = request.headers['x-forwarded-for'];
  return [...(before === undefined ? [] : [before]), request.socket.remoteAddress ?? ''].join(', ');
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=UTF-8' }).end();
}

function headOf({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const lines = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1]}`] : []));
  return [`HTTP/1.1 ${statusCode} ${statusMessage}`, ...lines, '', ''].join('\r\n');
}
