import {
  attemptRef,
  explainExecution,
  openAttempts,
  platformNotesRef,
  queuePlaces,
  type Execution,
  type ExplainArgs,
  type Millis,
  type PlatformNotes,
} from '@runvoy/core';
import { ExecutionParamsSchema, ExplanationSchema } from '@runvoy/protocol/schemas';
import { isTerminal, type ExplainBody } from '@runvoy/protocol';
import type { FastifyInstance } from 'fastify';
import { callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';
import { readableExecution } from './execution-routes.ts';

/** A person waits for the answer, and without the platform's word there is still much to tell. */
const ASK_WITHIN_MS = 3_000;
const MINUTE_MS = 60_000;

/** Why a run is as it is, in sentences. */
export function explainRoutes(api: FastifyInstance, deps: OrchestratorDeps): void {
  api.get<{ Params: { id: string } }>(
    '/executions/:id/explain',
    {
      schema: {
        operationId: 'explainExecution',
        tags: ['runs'],
        summary: 'Why it is as it is, in sentences',
        permission: 'execution.read',
        params: ExecutionParamsSchema,
        response: { 200: ExplanationSchema },
        errors: ['EXECUTION_NOT_FOUND'],
      },
    },
    async (request): Promise<ExplainBody> => {
      const execution = await readableExecution(deps.records, callerOf(request), request.params.id);
      const [notes, seenNow, places] = await Promise.all([
        notesOf(deps, execution),
        askPlatform(deps, execution),
        queuePlaces(deps.records, deps.policy.limits, [execution]),
      ]);
      const queue = places.get(execution.execution_id);
      const nowMs = deps.clock.now();
      const nextLookMs = deps.nextLookMs?.(nowMs) ?? nextMinute(nowMs);
      const { startTimeoutMs } = deps;
      return explainExecution(execution, {
        nowMs,
        nextLookMs,
        startTimeoutMs,
        notes,
        ...(seenNow === undefined ? {} : { seenNow }),
        ...(queue === undefined ? {} : { queue }),
      });
    },
  );
}

/** Cloud Scheduler ticks at every full minute. */
function nextMinute(nowMs: Millis): Millis {
  return (Math.floor(nowMs / MINUTE_MS) + 1) * MINUTE_MS;
}

async function notesOf({ records }: OrchestratorDeps, { facts }: Execution): Promise<readonly PlatformNotes[]> {
  const names = new Set(facts.attempts.flatMap(({ platform_execution }) => platform_execution || []));
  const stored = await Promise.all([...names].map((name) => records.get(platformNotesRef(name))));
  return stored.flatMap((notes) => notes?.value ?? []);
}

/** What the platform says of the last start that may still live. It is only told on: what is to be stored, a look of the tick stores. */
async function askPlatform(deps: OrchestratorDeps, execution: Execution): Promise<ExplainArgs['seenNow']> {
  const attempt = openAttempts(execution).at(-1);
  if (!attempt || isTerminal(execution.status)) return undefined;
  const waited = new AbortController();
  const asked = deps.jobs.look(attemptRef(execution, attempt)).catch((error: unknown) => {
    deps.logger.debug('the platform could not be asked', { execution_id: execution.execution_id, error });
    return 'unknown' as const;
  });
  const tooLate = deps.clock.sleep(ASK_WITHIN_MS, waited.signal).then(() => 'unknown' as const);
  return Promise.race([asked, tooLate]).finally(() => waited.abort());
}
