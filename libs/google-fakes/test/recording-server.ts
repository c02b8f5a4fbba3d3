import { answering, bodyOf, serveHttp } from '../src/http-server.ts';

export interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Keeps every request and answers the statuses in order; the last one from then on. */
export async function recordingServer(...statuses: number[]) {
  const requests: Recorded[] = [];
  const port = await serveHttp(
    answering(async (request) => {
      const body = (await bodyOf(request)).toString();
      requests.push({ method: request.method!, path: request.url!, headers: request.headers, body });
      return { status: statuses[Math.min(requests.length, statuses.length) - 1] ?? 204 };
    }),
  );
  return { requests, url: `http://${port.host}`, stop: () => port.stop() };
}
