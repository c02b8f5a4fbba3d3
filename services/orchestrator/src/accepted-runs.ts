import { admitAfter, startExecution, waitingFor, type Accepted, type AdmitDeps } from '@runvoy/core';
import type { RunAnswer, WaitedRunAnswer } from '@runvoy/protocol';
import { placeOf } from '@runvoy/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';
import { markReplayed } from './keyed-calls.ts';
import { streamTicketUrl, viewUrl } from './links.ts';
import { preferredWait, WaitedRuns } from './waited-run.ts';

/** What a request for a run says beside its body. */
export function askedRun(request: FastifyRequest) {
  const idempotencyKey = request.headers['idempotency-key'];
  const { isTraced, isRecorded, traceparent } = placeOf(request);
  return {
    caller: callerOf(request),
    requestId: request.id,
    ...(typeof idempotencyKey === 'string' ? { idempotencyKey } : {}),
    ...(isTraced ? { traceparent } : {}),
    ...(isRecorded ? { isTraced: true as const } : {}),
  };
}

/** What follows once a run is stored, however it was asked for: start it, admit who waits, answer 202, or 200 when it was waited for. */
export class AcceptedRuns {
  readonly #deps: OrchestratorDeps;
  readonly #waited: WaitedRuns;

  constructor(api: FastifyInstance, deps: OrchestratorDeps) {
    this.#deps = deps;
    this.#waited = new WaitedRuns(api, deps);
  }

  async answer(request: FastifyRequest, reply: FastifyReply, accepted: Accepted): Promise<RunAnswer | WaitedRunAnswer> {
    const deps = this.#deps;
    const id = accepted.execution.execution_id;
    if (accepted.isRepeat) markReplayed(reply);
    const started =
      accepted.order &&
      (await startExecution(deps, accepted.order, (error) => {
        deps.logger.warn('the outcome of a start is unknown; a look will tell', { execution_id: id, error });
      }));
    const stored = started ?? accepted.execution;
    const execution =
      (await admitAfter(admitDeps(deps), stored, (error, about) => {
        deps.logger.warn('a run that waits could not be started; the next tick does', { execution_id: about, error });
      })) ?? stored;
    const waiting = waitingFor(execution);
    const answer: RunAnswer = {
      execution_id: id,
      log_url: '',
      status: execution.status,
      command: execution.command,
      image_id: execution.image_id,
      websocket_url: streamTicketUrl(deps, id, callerOf(request)),
      isolation: execution.isolation,
      ...(waiting === 'slot' ? { waiting_for: waiting } : {}),
      ...(execution.playbook === undefined ? {} : { playbook: execution.playbook }),
      view_url: viewUrl(deps, id),
    };
    const seconds = preferredWait(request.headers['prefer']);
    if (seconds !== undefined) reply.header('Preference-Applied', `wait=${seconds}`);
    const ended = seconds ? await this.#waited.outcome(request, id, seconds) : undefined;
    reply.code(ended ? 200 : 202);
    return ended ? { ...answer, ...ended } : answer;
  }
}

function admitDeps({ policy, ...deps }: OrchestratorDeps): AdmitDeps {
  return { ...deps, ...(policy.limits === undefined ? {} : { limits: policy.limits }) };
}
