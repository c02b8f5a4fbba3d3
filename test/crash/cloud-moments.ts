import { executionRef, type Execution, type JobRunner, type Records, type Tx } from '@runvoy/core';
import { isTerminal } from '@runvoy/protocol';

/** Moments of a run's life as a service on Google Cloud sees them. Each has a time before and a time after it. */
export type Moment =
  /** The transaction that creates the execution. */
  | 'stored'
  /** RunJob. */
  | 'started'
  /** The write that binds the runner. */
  | 'bootstrapped'
  /** The create of a chunk of the log. */
  | 'batch'
  /** The transaction that stores a stop. */
  | 'stop'
  /** CancelExecution. */
  | 'cancel'
  /** The transaction that stores the runner's report. */
  | 'finished'
  /** The platform is asked about an attempt. */
  | 'look'
  /** The write that makes the execution terminal. */
  | 'ended'
  /** The subscription of a viewer's instance. */
  | 'watch'
  /** A page of a declared query. */
  | 'page';

export type Side = 'before' | 'after';

/** Told of each moment; what it waits for is waited for. */
export type Reach = (side: Side, moment: Moment) => Promise<void> | void;

const EXECUTIONS = executionRef('').collection;

/** Records that tell what becomes of executions and chunks. `before` a transaction is when it has decided and not yet committed. */
export function tellingRecords<Store extends Records>(records: Store, reach: Reach): Store {
  const tell = telling(reach);
  /** What was read, by id and version: a replacement names the version that it replaces. */
  const read = new Map<string, Execution>();
  return override(records, {
    create: (ref, value) =>
      ref.collection === 'log-chunks' ? tell(['batch'], () => records.create(ref, value)) : records.create(ref, value),
    async get(ref) {
      const stored = await records.get(ref);
      if (ref.collection === EXECUTIONS && stored)
        read.set(`${ref.id} ${stored.version}`, stored.value as unknown as Execution);
      return stored;
    },
    compareAndSet: (ref, version, value) => {
      const before = ref.collection === EXECUTIONS ? read.get(`${ref.id} ${version}`) : undefined;
      const moments = before ? stepsOf(before, value as unknown as Execution) : [];
      return tell(moments, () => records.compareAndSet(ref, version, value));
    },
    page: (query, args, from) => tell(['page'], () => records.page(query, args, from)),
    watchQuery: (query, args, watcher) => {
      void reach('before', 'watch');
      const end = records.watchQuery(query, args, watcher);
      void reach('after', 'watch');
      return end;
    },
    async transact(change) {
      let moments: readonly Moment[] = [];
      const result = await records.transact(async (tx) => {
        const noted = notingMoments(tx);
        const changed = await change(noted.tx);
        ({ moments } = noted);
        for (const moment of moments) await reach('before', moment);
        return changed;
      });
      for (const moment of moments) await reach('after', moment);
      return result;
    },
  } as Partial<Store>);
}

/** A job runner that tells of starts, looks and cancels. */
export function tellingJobs<Jobs extends JobRunner>(jobs: Jobs, reach: Reach): Jobs {
  const tell = telling(reach);
  return override(jobs, {
    start: (order) => tell(['started'], () => jobs.start(order)),
    look: (attempt) => tell(['look'], () => jobs.look(attempt)),
    cancel: (attempt, order) => tell(['cancel'], () => jobs.cancel(attempt, order)),
  } as Partial<Jobs>);
}

const telling =
  (reach: Reach) =>
  async <T>(moments: readonly Moment[], call: () => Promise<T>): Promise<T> => {
    for (const moment of moments) await reach('before', moment);
    const answer = await call();
    for (const moment of moments) await reach('after', moment);
    return answer;
  };

/** A transaction that notes which moments of a run its writes are. */
function notingMoments(tx: Tx): { readonly tx: Tx; readonly moments: readonly Moment[] } {
  const moments: Moment[] = [];
  const read = new Map<string, Execution>();
  const noting = override(tx, {
    async get(ref) {
      const value = await tx.get(ref);
      if (ref.collection === EXECUTIONS && value) read.set(ref.id, value as unknown as Execution);
      return value;
    },
    create(ref, value) {
      if (ref.collection === EXECUTIONS) moments.push('stored');
      tx.create(ref, value);
    },
    set(ref, value) {
      const before = read.get(ref.id);
      if (ref.collection === EXECUTIONS && before) moments.push(...stepsOf(before, value as unknown as Execution));
      tx.set(ref, value);
    },
  });
  return { tx: noting, moments };
}

function stepsOf(before: Execution, after: Execution): Moment[] {
  const isNew = (fact: 'bound' | 'stop' | 'report') => !before.facts[fact] && Boolean(after.facts[fact]);
  const steps: [Moment, boolean][] = [
    ['bootstrapped', isNew('bound')],
    ['stop', isNew('stop')],
    ['finished', isNew('report')],
    ['ended', !isTerminal(before.status) && isTerminal(after.status)],
  ];
  return steps.filter(([, isSo]) => isSo).map(([moment]) => moment);
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
