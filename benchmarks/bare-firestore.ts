import { setTimeout as pause } from 'node:timers/promises';
import { FirestoreClient } from '@google-cloud/firestore-api/client_v1';
import { credentials } from '@grpc/grpc-js';
import { PassThroughClient } from 'google-auth-library';

const COLLECTION = 'bare';
const OWNER = 'bare';
const TARGET = 1;
const TELLING_MS = 100;

/** Google's own client on the same Firestore: what the store does when nobody of ours asks. */
export interface BareFirestore extends AsyncDisposable {
  /** Creates `count` documents one after the other; times until each was acknowledged, ms. */
  createTimes(bytes: number, count: number): Promise<number[]>;
  /** The same, until a listener that was there before has each. */
  listenTimes(bytes: number, count: number): Promise<number[]>;
  /** Creates documents, so many at a time; answers how long all of it took, s. */
  createMany(documents: Documents): Promise<number>;
  /** The same, until a listener that was there before, and had nothing to be told, has all of them. */
  createListened(documents: Documents): Promise<number>;
}

interface Documents {
  readonly bytes: number;
  readonly count: number;
  readonly atOnce: number;
}

interface Listened {
  readonly targetChange?: { readonly targetChangeType?: string } | null;
  readonly documentChange?: { readonly document: { readonly name: string } } | null;
}

export function openBareFirestore(host: string, project: string): BareFirestore {
  const { hostname, port } = new URL(`http://${host}`);
  const client = new FirestoreClient({
    apiEndpoint: hostname,
    port: Number(port),
    sslCreds: credentials.createInsecure(),
    // Brings no token; without it the library looks for a metadata server.
    authClient: new PassThroughClient(),
  });
  const database = `projects/${project}/databases/runvoy`;
  const parent = `${database}/documents`;
  const headers = { 'google-cloud-resource-prefix': database, authorization: 'Bearer owner' };
  let made = 0;

  /** A document of the fields of a chunk, with a body of so many bytes. */
  async function create(documentId: string, bytes: number, owner = OWNER): Promise<void> {
    const fields = {
      execution_id: { stringValue: owner },
      from: { integerValue: String(made) },
      through: { integerValue: String(made) },
      content_hash: { stringValue: 'a'.repeat(64) },
      stored_at_ms: { integerValue: '1' },
      body: { bytesValue: Buffer.alloc(bytes, 'lines ') },
    };
    const request = { parent, collectionId: COLLECTION, documentId, document: { fields } };
    await client.createDocument(request, { otherArgs: { headers } });
  }
  const nextId = () => `d${String((made += 1)).padStart(9, '0')}`;

  async function createAll({ bytes, count, atOnce }: Documents, owner?: string): Promise<void> {
    let left = count;
    const work = async () => {
      while (left > 0) {
        left -= 1;
        await create(nextId(), bytes, owner);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  }

  /** Hears of the documents of `owner`, or of all; resolves when it is told of all that are there. */
  async function listen(told: (name: string) => void, owner?: string): Promise<{ end(): void }> {
    const stream = client.listen({ otherArgs: { headers } });
    const current = Promise.withResolvers<void>();
    stream.on('error', (error: Error) => current.reject(error));
    stream.on('data', ({ targetChange, documentChange }: Listened) => {
      if (targetChange?.targetChangeType === 'CURRENT') current.resolve();
      if (documentChange) told(documentChange.document.name);
    });
    const isOwners = { field: { fieldPath: 'execution_id' }, op: 'EQUAL', value: { stringValue: owner } };
    const structuredQuery = {
      from: [{ collectionId: COLLECTION }],
      ...(owner !== undefined && { where: { fieldFilter: isOwners } }),
    };
    stream.write({ database, addTarget: { targetId: TARGET, query: { parent, structuredQuery } } });
    await current.promise;
    return {
      end() {
        stream.removeAllListeners('error').on('error', () => undefined);
        stream.cancel();
      },
    };
  }

  return {
    async createTimes(bytes, count) {
      const times: number[] = [];
      for (let nth = 0; nth < count; nth += 1) {
        const before = performance.now();
        await create(nextId(), bytes);
        times.push(performance.now() - before);
      }
      return times;
    },
    async listenTimes(bytes, count) {
      const known = new Map<string, PromiseWithResolvers<void>>();
      const listener = await listen((name) => known.get(name.split('/').at(-1)!)?.resolve());
      const times: number[] = [];
      for (let nth = 0; nth < count; nth += 1) {
        const id = nextId();
        const told = Promise.withResolvers<void>();
        known.set(id, told);
        // The emulator tells its listeners ten times a second: a create right after the last telling would wait longest.
        await pause(Math.random() * TELLING_MS);
        const before = performance.now();
        await create(id, bytes);
        await told.promise;
        times.push(performance.now() - before);
      }
      listener.end();
      return times;
    },
    async createMany(documents) {
      const before = performance.now();
      await createAll(documents);
      return (performance.now() - before) / 1_000;
    },
    async createListened(documents) {
      const owner = `owner-${made}`;
      const seen = new Set<string>();
      const all = Promise.withResolvers<void>();
      const listener = await listen((name) => {
        if (seen.add(name).size === documents.count) all.resolve();
      }, owner);
      const before = performance.now();
      await createAll(documents, owner);
      await all.promise;
      const tookS = (performance.now() - before) / 1_000;
      listener.end();
      return tookS;
    },
    async [Symbol.asyncDispose]() {
      await client.close();
    },
  };
}
