import { systemClock } from '@runvoy/core';
import type { FastifyInstance } from 'fastify';
import type { Logger } from './logger.ts';
import { ConfigProblems } from './read-config.ts';
import { healthRoutes, newReadiness, type ReadinessCheck } from './readiness.ts';
import { newShutdown, type Shutdown } from './shutdown.ts';

/** A service, opened and not yet listening. */
export interface OpenService {
  readonly name: string;
  readonly app: FastifyInstance;
  /** 0 lets the system choose; the line that says where it listens names it. */
  readonly port: number;
  /** The address to listen on; all of them unless told. */
  readonly host?: string;
  readonly logger: Logger;
  readonly checks: Readonly<Record<string, ReadinessCheck>>;
  /** Told once the service listens. */
  readonly ready?: () => void;
  /** What has to end before the server does, such as open streams. */
  readonly drain?: () => Promise<void>;
}

/** The platform kills 10 s after SIGTERM: everything acknowledged is stored by then, whatever is cut. */
const DRAIN_MS = 9_000;

/**
 * Runs a service as a process of its own: opens it, adds `/health` and `/ready`, listens, and on SIGTERM or SIGINT
 * takes no more, finishes what is under way, closes what `open` added to the shutdown, and exits with 0 within 10 s.
 * A configuration that is wrong is named whole, and anything else that keeps it from opening in one line; both exit with 1.
 */
export async function serve(open: (shutdown: Shutdown) => Promise<OpenService>): Promise<void> {
  let logger: Logger | undefined;
  const shutdown = newShutdown((error, name) => logger?.error(`closing ${name} failed`, { error }));
  try {
    const service = await open(shutdown);
    logger = service.logger;
    const readiness = newReadiness(service.checks, { clock: systemClock, logger });
    healthRoutes(service.app, readiness);
    shutdown.add('server', () => service.app.close());
    if (service.drain) shutdown.add('streams', service.drain);
    exitOnSignals(service, () => {
      readiness.drain();
      return shutdown.run();
    });
    await service.app.listen({ host: service.host ?? '0.0.0.0', port: service.port });
    const address = service.app.server.address();
    const port = typeof address === 'object' && address ? address.port : service.port;
    service.ready?.();
    logger.info(LISTENING, { service: service.name, port, pid: process.pid });
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    await shutdown.run();
    process.exit(1);
  }
}

/** The message of the line that says where a service listens. */
export const LISTENING = 'listening';

function exitOnSignals({ logger, name }: OpenService, close: () => Promise<void>): void {
  let isStopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (isStopping) return;
    isStopping = true;
    logger.info('the service stops', { service: name, signal });
    setTimeout(() => process.exit(0), DRAIN_MS).unref();
    void close().then(() => process.exit(0));
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
}

/** What went wrong, for a person: lines, not a stack. */
export function explain(error: unknown): string {
  if (error instanceof ConfigProblems) return error.problems.join('\n');
  if (!(error instanceof Error)) return String(error);
  return process.env['RUNVOY_DEBUG'] === '1' ? (error.stack ?? error.message) : error.message;
}
