import type { Clock } from '@runvoy/core';
import type { FastifyInstance } from 'fastify';
import type { Logger } from './logger.ts';

/** One thing a service cannot do without. Rejects when it is missing. */
export type ReadinessCheck = () => Promise<void>;

/** Whether requests should be sent to this process. */
export interface Readiness {
  /** The names of what is missing; empty when ready. */
  missing(): Promise<readonly string[]>;
  /** From now on: no new requests. */
  drain(): void;
}

/** A check that takes longer has failed. */
const CHECK_MS = 5_000;
/** Anybody may ask, and a question to the store costs: an answer serves everybody who asks within this time. */
const KEPT_MS = 5_000;

/** Asks all checks at once, within 5 s, at most every 5 s. */
export function newReadiness(
  checks: Readonly<Record<string, ReadinessCheck>>,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): Readiness {
  let isDraining = false;
  let last: { readonly at: number; readonly missing: Promise<readonly string[]> } | undefined;

  const ask = async (): Promise<readonly string[]> => {
    const outcomes = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => {
        try {
          await inTime(check, clock);
          return undefined;
        } catch (error) {
          logger.warn('not ready', { missing: name, error });
          return name;
        }
      }),
    );
    return outcomes.filter((name) => name !== undefined);
  };
  return {
    async missing() {
      if (isDraining) return ['shutting down'];
      if (!last || clock.now() >= last.at + KEPT_MS) last = { at: clock.now(), missing: ask() };
      return last.missing;
    },
    drain: () => (isDraining = true),
  };
}

async function inTime(check: ReadinessCheck, clock: Clock): Promise<void> {
  const answered = new AbortController();
  const answer = check().finally(() => answered.abort());
  const silence = async () => {
    await clock.sleep(CHECK_MS, answered.signal);
    if (answered.signal.aborted) return answer;
    throw new Error(`no answer within ${CHECK_MS} ms`);
  };
  await Promise.race([answer, silence()]);
}

/**
 * `GET /health`: the process lives; touches nothing. `GET /ready`: requests can be carried out; 503 names what is missing, and never
 * why: anybody may ask.
 */
export function healthRoutes(app: FastifyInstance, readiness: Readiness): void {
  const quiet = { config: { isQuiet: true } } as const;
  app.get('/health', quiet, async () => ({ status: 'ok' }));
  app.get('/ready', quiet, async (_, reply) => {
    const missing = await readiness.missing();
    if (missing.length === 0) return { status: 'ready' };
    reply.code(503);
    return { status: 'unready', missing };
  });
}
