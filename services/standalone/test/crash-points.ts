import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { executionRef, type EventBus, type Execution, type JobRunner, type Records, type Tx } from '@runvoy/core';
import { isTerminal } from '@runvoy/protocol';

/** Moments of a run's life, as the server sees them. Each has a time before and a time after it. */
export type Moment =
  /** The transaction that creates the execution. */
  | 'stored'
  /** The order to the job runner. */
  | 'spawned'
  /** The write that binds the runner. */
  | 'bootstrapped'
  /** A chunk of the log becomes durable. */
  | 'batch'
  /** The transaction that stores a stop. */
  | 'stop'
  /** The cancel to the job runner. */
  | 'cancel'
  /** The transaction that stores the runner's report. */
  | 'finished'
  /** The transaction that makes the execution terminal. */
  | 'ended'
  /** The end's event goes from the outbox to the bus. */
  | 'published'
  /** The job runner forgets the run. */
  | 'forgotten'
  /** A call of the runner: before = it has arrived, after = its answer is on the wire. */
  | 'bootstrap call'
  | 'logs call'
  | 'finished call';

export type Side = 'before' | 'after';

/** Told of each moment; what it waits for is waited for. Moments of calls wait for nothing. */
export type Reach = (side: Side, moment: Moment) => Promise<void> | void;

/** Records that tell what becomes of executions and chunks. `before` a transaction is when it has decided and not yet committed. */
export function tellingRecords(records: Records, reach: Reach): Records {
  const executions = executionRef('').collection;
  /** What was read, by id and version: a replacement names the version that it replaces. */
  const read = new Map<string, Execution>();
  return override(records, {
    async get(ref) {
      const stored = await records.get(ref);
      if (ref.collection === executions && stored) {
        read.set(`${ref.id} ${stored.version}`, stored.value as unknown as Execution);
      }
      return stored;
    },
    async compareAndSet(ref, version, value) {
      const before = ref.collection === executions ? read.get(`${ref.id} ${version}`) : undefined;
      const moments = before ? steps(before, value as unknown as Execution) : [];
      for (const moment of moments) await reach('before', moment);
      const isReplaced = await records.compareAndSet(ref, version, value);
      for (const moment of isReplaced ? moments : []) await reach('after', moment);
      return isReplaced;
    },
    async create(ref, value) {
      if (ref.collection !== 'log-chunks') return records.create(ref, value);
      await reach('before', 'batch');
      await records.create(ref, value);
      await reach('after', 'batch');
    },
    async transact(change) {
      let moments: readonly Moment[] = [];
      const result = await records.transact(async (tx) => {
        const written = momentsOf(tx);
        const changed = await change(written.tx);
        moments = written.moments;
        for (const moment of moments) await reach('before', moment);
        return changed;
      });
      for (const moment of moments) await reach('after', moment);
      return result;
    },
  });
}

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

/** A transaction that notes which moments of a run its writes are. */
function momentsOf(tx: Tx): { readonly tx: Tx; readonly moments: readonly Moment[] } {
  const moments: Moment[] = [];
  const read = new Map<string, Execution>();
  const executions = executionRef('').collection;
  const telling = override(tx, {
    async get(ref) {
      const value = await tx.get(ref);
      if (ref.collection === executions && value) read.set(ref.id, value as unknown as Execution);
      return value;
    },
    create(ref, value) {
      if (ref.collection === executions) moments.push('stored');
      tx.create(ref, value);
    },
    set(ref, value) {
      const before = read.get(ref.id);
      if (ref.collection === executions && before) moments.push(...steps(before, value as unknown as Execution));
      tx.set(ref, value);
    },
  });
  return { tx: telling, moments };
}

function steps(before: Execution, after: Execution): Moment[] {
  const isNew = (fact: 'bound' | 'stop' | 'report') => !before.facts[fact] && Boolean(after.facts[fact]);
  return [
    ...(isNew('bound') ? (['bootstrapped'] as const) : []),
    ...(isNew('stop') ? (['stop'] as const) : []),
    ...(isNew('report') ? (['finished'] as const) : []),
    ...(!isTerminal(before.status) && isTerminal(after.status) ? (['ended'] as const) : []),
  ];
}

/** The same object with some methods replaced; the others are called on the original, which may have private fields. */
function override<T extends object>(original: T, methods: Partial<T>): T {
  return new Proxy(original, {
    get(target, name) {
      const own: unknown = Reflect.get(methods, name);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
