import type { IncomingMessage } from 'node:http';
import { PubSub } from '@google-cloud/pubsub';
import { mayCall } from './authorize.ts';
import type { Authorize } from './authorize.ts';
import { Conveyor } from './conveyor.ts';
import { Faults } from './faults.ts';
import type { Listening } from './grpc-server.ts';
import { answering, bodyOf, HttpRefusal, serveHttp } from './http-server.ts';
import type { HttpAnswer } from './http-server.ts';
import type { LogEntry } from './log-entry.ts';
import { listEntries } from './logging/list-entries.ts';
import type { ListRequest } from './logging/list-entries.ts';
import { readFilter } from './logging/filter.ts';
import { fasterPace } from './pace.ts';
import type { Pace } from './pace.ts';
import { created } from './pubsub-push.ts';

/** A sink as Terraform would declare it. */
export interface Sink {
  readonly name: string;
  readonly project: string;
  /** Id of the Pub/Sub topic that entries are sent to; created where it is missing. */
  readonly topic: string;
  readonly filter: string;
}

/** A Cloud Logging of one process: it takes entries, lists them, and exports them. */
export interface FakeLogging {
  /** Takes an entry: exports it first (each sink by its own conveyor), then keeps it. */
  write(entry: LogEntry): void;
  /** Everything that was written, doubles included. */
  readonly entries: readonly LogEntry[];
  /** Throws `FilterProblem` when the filter is not understood. */
  addSink(sink: Sink): Promise<Conveyor<LogEntry>>;
  /** Hears of every entry as it is written: what Eventarc lives by. */
  onEntry(listener: (entry: LogEntry) => void): void;
  /** Opens a port for `entries.list` over REST, on which everyone who connects is `account`. */
  listenAs(account?: string): Promise<Listening>;
  /** By method: `entries.list`. */
  readonly faults: Faults;
  /** Every request of `entries.list` since the start. */
  readonly lists: readonly ListRequest[];
  /** The next answers hold no entry and a page token, as Google's may. */
  answerEmptyPages(times: number): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Opens a log without entries. Sinks need the Pub/Sub emulator. */
export function fakeLogging({
  emulatorHost,
  authorize,
  pace = fasterPace(),
  now = Date.now,
}: {
  readonly emulatorHost?: string;
  readonly authorize?: Authorize;
  readonly pace?: Pace;
  /** What its answers are dated by. */
  readonly now?: () => number;
} = {}): FakeLogging {
  const entries: LogEntry[] = [];
  const lists: ListRequest[] = [];
  const listeners: ((entry: LogEntry) => void)[] = [];
  const faults = new Faults();
  const closing: (() => Promise<unknown>)[] = [];
  let emptyPages = 0;

  const answer = async (request: IncomingMessage, account: string | undefined): Promise<HttpAnswer> => {
    if (request.method !== 'POST' || request.url?.split('?')[0] !== '/v2/entries:list') {
      throw new HttpRefusal(404, 'notFound', `This fake does not answer ${request.method} ${request.url}.`);
    }
    const asked = JSON.parse((await bodyOf(request)).toString() || '{}') as ListRequest;
    for (const resource of asked.resourceNames ?? []) {
      const permission = resource.includes('/views/') ? 'logging.views.access' : 'logging.logEntries.list';
      if (mayCall(authorize, account, permission, resource)) continue;
      throw new HttpRefusal(403, 'forbidden', `Permission denied for resource ${resource}.`);
    }
    lists.push(asked);
    const fault = faults.take('entries.list');
    if (fault) throw new HttpRefusal(fault.code, 'backendError', 'Asked to fail.');
    if (emptyPages > 0) {
      emptyPages--;
      return { status: 200, body: { nextPageToken: asked.pageToken ?? 'MA' } };
    }
    return { status: 200, headers: { date: new Date(now()).toUTCString() }, body: listEntries(entries, asked) };
  };

  return {
    entries,
    faults,
    lists,
    write(entry) {
      entries.push(entry);
      for (const listener of listeners) listener(entry);
    },
    onEntry: (listener) => void listeners.push(listener),
    answerEmptyPages: (times) => void (emptyPages += times),
    async addSink({ project, topic, filter }) {
      if (emulatorHost === undefined) throw new Error('A sink needs the Pub/Sub emulator.');
      const isMeant = readFilter(filter);
      const pubsub = new PubSub({ projectId: project, apiEndpoint: emulatorHost, emulatorMode: true });
      await created(pubsub.createTopic(topic));
      const conveyor = new Conveyor<LogEntry>((entry) => void exported(pubsub, topic, entry), pace);
      listeners.push((entry) => isMeant(entry) && conveyor.carry(entry));
      closing.push(
        async () => conveyor.stop(),
        () => pubsub.close(),
      );
      return conveyor;
    },
    async listenAs(account) {
      const port = await serveHttp(answering((request) => answer(request, account)));
      closing.push(() => port.stop());
      return port;
    },
    async [Symbol.asyncDispose]() {
      for (const close of closing) await close();
    },
  };
}

/** One message an entry, with the one attribute that Google's have. Not de-duplicated, in no order. */
async function exported(pubsub: PubSub, topic: string, entry: LogEntry): Promise<void> {
  const attributes = { 'logging.googleapis.com/timestamp': entry.timestamp };
  await pubsub
    .topic(topic, { batching: { maxMilliseconds: 1 } })
    .publishMessage({ data: Buffer.from(JSON.stringify(entry)), attributes })
    .catch(() => {}); // Closed meanwhile.
}
