import { STREAM_PATH } from '@runvoy/websocket';

/** How a server is reached. */
export interface ServerUrls {
  /** Scheme, host and port: API and console. */
  readonly http: string;
  readonly stream: string;
}

/** An address that listens everywhere is reached by the loopback one. */
export function serverUrls(host: string, port: number): ServerUrls {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const authority = `${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
  return { http: `http://${authority}`, stream: `ws://${authority}${STREAM_PATH}` };
}
