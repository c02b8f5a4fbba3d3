import type { IncomingMessage } from 'node:http';
import { mayCall } from './authorize.ts';
import type { Authorize } from './authorize.ts';
import { Faults } from './faults.ts';
import type { Listening } from './grpc-server.ts';
import { answering, bodyOf, HttpRefusal, serveHttp } from './http-server.ts';
import type { HttpAnswer } from './http-server.ts';
import { ObjectStore } from './storage/object-store.ts';
import { routeStorage } from './storage/routes.ts';
import { Uploads } from './storage/uploads.ts';

/** A Cloud Storage that keeps everything in memory, for Google's own client (`apiEndpoint` or `STORAGE_EMULATOR_HOST`). */
export interface FakeStorage {
  /** Opens a port on which everyone who connects is `account`. */
  listenAs(account?: string): Promise<Listening>;
  readonly store: ObjectStore;
  /** By operation: `objects.insert`, `objects.get`, `objects.list`, `objects.delete`, `buckets.get`; `upload` is a resumable one's data. */
  readonly faults: Faults;
  /** Operations since the start, in order. */
  readonly calls: readonly string[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** Opens a fake with these buckets, all empty. */
export function fakeStorage({
  buckets,
  authorize,
  now = Date.now,
}: {
  readonly buckets: readonly string[];
  readonly authorize?: Authorize;
  readonly now?: () => number;
}): FakeStorage {
  const store = new ObjectStore(buckets, now);
  const uploads = new Uploads(store);
  const faults = new Faults();
  const calls: string[] = [];
  const ports: Listening[] = [];

  const answer = async (request: IncomingMessage, account: string | undefined): Promise<HttpAnswer> => {
    const route = routeStorage(store, uploads, request);
    const { operation, permission, resource } = route;
    calls.push(operation);
    if (!mayCall(authorize, account, permission, resource)) {
      throw new HttpRefusal(403, 'forbidden', `${account} does not have ${permission} access to ${resource}.`);
    }
    const fault = faults.take(operation);
    if (fault && !fault.afterwards) {
      await bodyOf(request); // The real one reads to the end too; the client's retries count on it.
      throw new HttpRefusal(fault.code, 'backendError', 'Asked to fail.');
    }
    const answered = await route.run();
    if (fault) throw new HttpRefusal(fault.code, 'backendError', 'Asked to fail after it was done.');
    return answered;
  };

  return {
    store,
    faults,
    calls,
    async listenAs(account) {
      const port = await serveHttp(answering((request) => answer(request, account)));
      ports.push(port);
      return port;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(ports.map((port) => port.stop()));
    },
  };
}
