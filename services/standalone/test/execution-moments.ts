import { executionRef, type Execution, type Records, type Tx } from '@runvoy/core';
import { isTerminal } from '@runvoy/protocol';

/** Moments of a run's life that are writes of its record, or of its log. Each has a time before and a time after it. */
export type ExecutionMoment =
  /** The transaction that creates the execution. */
  | 'stored'
  /** The write that binds the runner. */
  | 'bootstrapped'
  /** A chunk of the log becomes durable. */
  | 'batch'
  /** The write that stores a stop. */
  | 'stop'
  /** The write that stores the runner's report. */
  | 'finished'
  /** The write that makes the execution terminal. */
  | 'ended';

export type Side = 'before' | 'after';

/** Told of each moment; what it waits for is waited for. */
export type Reach<Moment extends string> = (side: Side, moment: Moment) => Promise<void> | void;

const EXECUTIONS = executionRef('').collection;

/** Records that tell what becomes of executions and chunks. `before` a transaction is when it has decided and not yet committed. */
export function tellingExecutions<Store extends Records>(records: Store, reach: Reach<ExecutionMoment>): Store {
  const reachAll = async (side: Side, moments: readonly ExecutionMoment[]) => {
    for (const moment of moments) await reach(side, moment);
  };
  /** What was read, by id and version: a replacement names the version that it replaces. */
  const read = new Map<string, Execution>();
  return override(records, {
    async get(ref) {
      const stored = await records.get(ref);
      if (ref.collection === EXECUTIONS && stored) read.set(keyOf(ref.id, stored.version), asExecution(stored.value));
      return stored;
    },
    async create(ref, value) {
      const moments = ref.collection === 'log-chunks' ? (['batch'] as const) : [];
      await reachAll('before', moments);
      await records.create(ref, value);
      await reachAll('after', moments);
    },
    async compareAndSet(ref, version, value) {
      const before = ref.collection === EXECUTIONS ? read.get(keyOf(ref.id, version)) : undefined;
      const moments = before ? stepsOf(before, asExecution(value)) : [];
      await reachAll('before', moments);
      const isReplaced = await records.compareAndSet(ref, version, value);
      if (isReplaced) await reachAll('after', moments);
      return isReplaced;
    },
    async transact(change) {
      let moments: readonly ExecutionMoment[] = [];
      const result = await records.transact(async (tx) => {
        const noted = notingMoments(tx);
        const changed = await change(noted.tx);
        ({ moments } = noted);
        await reachAll('before', moments);
        return changed;
      });
      await reachAll('after', moments);
      return result;
    },
  } as Partial<Store>);
}

const keyOf = (id: string, version: string) => `${id} ${version}`;
const asExecution = (value: object) => value as Execution;

/** A transaction that notes which moments of a run its writes are. */
function notingMoments(tx: Tx): { readonly tx: Tx; readonly moments: readonly ExecutionMoment[] } {
  const moments: ExecutionMoment[] = [];
  const read = new Map<string, Execution>();
  const noting = override(tx, {
    async get(ref) {
      const value = await tx.get(ref);
      if (ref.collection === EXECUTIONS && value) read.set(ref.id, asExecution(value));
      return value;
    },
    create(ref, value) {
      if (ref.collection === EXECUTIONS) moments.push('stored');
      tx.create(ref, value);
    },
    set(ref, value) {
      const before = ref.collection === EXECUTIONS ? read.get(ref.id) : undefined;
      if (before) moments.push(...stepsOf(before, asExecution(value)));
      tx.set(ref, value);
    },
  });
  return { tx: noting, moments };
}

function stepsOf(before: Execution, after: Execution): ExecutionMoment[] {
  const isNew = (fact: 'bound' | 'stop' | 'report') => !before.facts[fact] && Boolean(after.facts[fact]);
  const steps: [ExecutionMoment, boolean][] = [
    ['bootstrapped', isNew('bound')],
    ['stop', isNew('stop')],
    ['finished', isNew('report')],
    ['ended', !isTerminal(before.status) && isTerminal(after.status)],
  ];
  return steps.filter(([, isSo]) => isSo).map(([moment]) => moment);
}

/** The same object with some methods replaced; the others are called on the original, which may have private fields. */
export function override<T extends object>(original: T, methods: Partial<T>): T {
  return new Proxy(original, {
    get(target, name) {
      const own: unknown = Reflect.get(methods, name);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
