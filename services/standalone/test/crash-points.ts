import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EventBus, JobRunner } from '@runvoy/core';
import { override, type ExecutionMoment, type Reach as ReachOf } from './execution-moments.ts';

/** Moments of a run's life, as the server sees them. Each has a time before and a time after it. */
export type Moment =
  | ExecutionMoment
  /** The order to the job runner. */
  | 'spawned'
  /** The cancel to the job runner. */
  | 'cancel'
  /** The end's event goes from the outbox to the bus. */
  | 'published'
  /** The job runner forgets the run. */
  | 'forgotten'
  /** A call of the runner: before = it has arrived, after = its answer is on the wire. */
  | 'bootstrap call'
  | 'logs call'
  | 'finished call';

/** Told of each moment; what it waits for is waited for. Moments of calls wait for nothing. */
export type Reach = ReachOf<Moment>;

/** A job runner that tells of starts, cancels and of what it forgets. */
export function tellingJobs<Jobs extends JobRunner>(jobs: Jobs, reach: Reach): Jobs {
  const telling = <Args extends unknown[], Answer>(moment: Moment, call: (...args: Args) => Promise<Answer>) => {
    return async (...args: Args): Promise<Answer> => {
      await reach('before', moment);
      const answer = await call(...args);
      await reach('after', moment);
      return answer;
    };
  };
  return override(jobs, {
    start: telling('spawned', (order) => jobs.start(order)),
    cancel: telling('cancel', (attempt, order) => jobs.cancel(attempt, order)),
    forget: telling('forgotten', (executionId) => jobs.forget(executionId)),
  } satisfies Partial<JobRunner> as Partial<Jobs>);
}

/** A bus that tells of what is published. */
export function tellingBus<Bus extends EventBus>(bus: Bus, reach: Reach): Bus {
  const publish: EventBus['publish'] = async (event) => {
    await reach('before', 'published');
    await bus.publish(event);
    await reach('after', 'published');
  };
  return override(bus, { publish } as Partial<Bus>);
}

/** Tells of the runner's calls to any HTTP server of this process. Returns a function that cuts those without an answer. */
export function tellRunnerCalls(reach: Reach): () => void {
  const open = new Map<ServerResponse, IncomingMessage>();
  subscribe('http.server.request.start', (message) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    const moment = callOf(request);
    if (!moment) return;
    open.set(response, request);
    response.once('close', () => open.delete(response));
    void reach('before', moment);
  });
  subscribe('http.server.response.finish', (message) => {
    const moment = callOf((message as { request: IncomingMessage }).request);
    if (moment) void reach('after', moment);
  });
  return () => {
    for (const request of open.values()) request.socket.destroy();
  };
}

function callOf({ url }: IncomingMessage): Moment | undefined {
  const call = /^\/runner\/v1\/executions\/[^/]+\/(bootstrap|logs|finished)$/.exec(url ?? '')?.[1];
  return call === undefined ? undefined : (`${call} call` as Moment);
}
