import type { FastifyInstance } from 'fastify';

/** How far above the usual port a free one is looked for. */
const PORTS_TRIED = 50;

/**
 * Listens, and returns the port. A port the user chose must be free; the usual one gives way to the next free one.
 * Throws an Error fit to be shown.
 */
export async function listenNear(
  app: FastifyInstance,
  { host, port, isPortChosen }: { readonly host: string; readonly port: number; readonly isPortChosen: boolean },
): Promise<number> {
  const last = isPortChosen ? port : port + PORTS_TRIED;
  for (let candidate = port; candidate <= last; candidate += 1) {
    try {
      await app.listen({ host, port: candidate });
      const address = app.server.address();
      return typeof address === 'object' && address ? address.port : candidate;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRINUSE') {
        throw new Error(`Cannot listen on ${host}:${candidate}: ${message}.`, { cause: error });
      }
    }
  }
  const what = isPortChosen ? `Port ${port} is taken` : `Ports ${port} to ${last} are all taken`;
  throw new Error(`${what} on ${host}. Choose another with --port or RUNVOY_PORT.`);
}
