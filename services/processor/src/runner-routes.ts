import {
  appendBatch,
  assessLog,
  bootstrapExecution,
  deadlineOf,
  Failure,
  isNumbered,
  recordFinished,
  recordHeartbeat,
  stopOrderFor,
  takeBatch,
  TakenBatch,
  verifyRunnerMessage,
} from '@runvoy/core';
import {
  BootstrapRequestSchema,
  FinishedMessageSchema,
  HeartbeatMessageSchema,
  LogsMessageSchema,
} from '@runvoy/protocol/schemas';
import type {
  BootstrapAnswer,
  BootstrapRequest,
  BootstrapStop,
  FinishedAnswer,
  FinishedMessage,
  HeartbeatAnswer,
  HeartbeatMessage,
  LogsAnswer,
  LogsMessage,
} from '@runvoy/protocol';
import type { FastifyInstance } from 'fastify';
import { accountOf, callersOnly } from './callers.ts';
import type { RunnerDeps } from './deps.ts';

type ById<Body> = { Params: { id: string }; Body: Body };

/** `/runner/v1`: what runners send. Nothing is believed but a token, once, and signatures after it. */
export function runnerRoutes(app: FastifyInstance, deps: RunnerDeps): void {
  // Only what can be an execution: any other id is an unknown path, and never a question to the store.
  const path = (kind: string) => `/runner/v1/executions/:id(^[0-9a-f]{32}$)/${kind}`;

  app.post<ById<BootstrapRequest>>(
    path('bootstrap'),
    {
      schema: { body: BootstrapRequestSchema },
      onRequest: callersOnly(deps.callers, '/runner/v1/executions/:id/bootstrap'),
    },
    async (request): Promise<BootstrapAnswer | BootstrapStop> => {
      return bootstrapExecution(deps, request.params.id, request.body, accountOf(request));
    },
  );

  app.post<ById<LogsMessage | TakenBatch>>(
    path('logs'),
    {
      schema: { body: LogsMessageSchema },
      config: {
        isQuiet: true,
        readBody: (body, request) => takeBatch(deps, (request.params as { id: string }).id, body),
      },
    },
    async (request): Promise<LogsAnswer> => {
      const { id } = request.params;
      const { body } = request;
      if (!(body instanceof TakenBatch)) checkBatch(deps, id, body);
      const { acked_through, isNew } = await appendBatch(deps, id, body);
      if (isNew)
        deps.batchStored?.(deps.clock.now() - (body instanceof TakenBatch ? body.lastMs : body.lines.at(-1)!.ms));
      return { acked_through };
    },
  );

  app.post<ById<HeartbeatMessage>>(
    path('heartbeat'),
    { schema: { body: HeartbeatMessageSchema }, config: { isQuiet: true } },
    async (request): Promise<HeartbeatAnswer> => {
      const { id } = request.params;
      verifyRunnerMessage(deps.signingKeys, deps.clock.now(), id, { kind: 'heartbeat', body: request.body });
      const execution = await recordHeartbeat(deps, id, request.body);
      const stop = stopOrderFor(execution);
      return { deadline: deadlineOf(execution), ...(stop === undefined ? {} : { stop }) };
    },
  );

  app.post<ById<FinishedMessage>>(
    path('finished'),
    { schema: { body: FinishedMessageSchema } },
    async (request): Promise<FinishedAnswer> => {
      const { id } = request.params;
      verifyRunnerMessage(deps.signingKeys, deps.clock.now(), id, { kind: 'finished', body: request.body });
      const execution = await recordFinished(deps, id, request.body);
      // All batches were acknowledged before this message was sent: the proof can be made now, before anybody waits for it.
      await assessLog(deps, execution);
      // Where the platform's end came first, this report was the end.
      await deps.admitAfter?.(execution);
      return {};
    },
  );
}

function checkBatch(deps: RunnerDeps, id: string, body: LogsMessage): void {
  verifyRunnerMessage(deps.signingKeys, deps.clock.now(), id, { kind: 'logs', body });
  if (!isNumbered(body)) throw new Failure('UNPROCESSABLE', 'lines must be numbered from "from" without gaps');
}
