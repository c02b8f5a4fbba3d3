import { setTimeout as pause } from 'node:timers/promises';
import { FirestoreClient } from '@google-cloud/firestore-api/client_v1';
import { credentials } from '@grpc/grpc-js';
import { PassThroughClient } from 'google-auth-library';

const COLLECTION = 'bare';
const TARGET = 1;
const TELLING_MS = 100;

/** Google's own client on the same Firestore: what the store does when nobody of ours asks. */
export interface BareFirestore extends AsyncDisposable {
  /** Creates `count` documents one after the other; times until each was acknowledged, ms. */
  createTimes(bytes: number, count: number): Promise<number[]>;
  /** The same, until a listener that was there before has each. */
  listenTimes(bytes: number, count: number): Promise<number[]>;
  /** Creates documents, so many at a time; answers how long all of it took, s. */
  createMany(documents: { readonly bytes: number; readonly count: number; readonly atOnce: number }): Promise<number>;
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
  async function create(documentId: string, bytes: number): Promise<void> {
    const fields = {
      execution_id: { stringValue: 'bare' },
      from: { integerValue: '1' },
      through: { integerValue: '400' },
      content_hash: { stringValue: 'a'.repeat(64) },
      stored_at_ms: { integerValue: '1' },
      body: { bytesValue: Buffer.alloc(bytes, 'lines ') },
    };
    const request = { parent, collectionId: COLLECTION, documentId, document: { fields } };
    await client.createDocument(request, { otherArgs: { headers } });
  }
  const nextId = () => `d${String((made += 1)).padStart(9, '0')}`;

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
      const stream = client.listen({ otherArgs: { headers } });
      const known = new Map<string, PromiseWithResolvers<void>>();
      const current = Promise.withResolvers<void>();
      stream.on('error', (error: Error) => current.reject(error));
      stream.on('data', ({ targetChange, documentChange }: Listened) => {
        if (targetChange?.targetChangeType === 'CURRENT') current.resolve();
        if (documentChange) known.get(documentChange.document.name.split('/').at(-1)!)?.resolve();
      });
      const structuredQuery = { from: [{ collectionId: COLLECTION }] };
      stream.write({ database, addTarget: { targetId: TARGET, query: { parent, structuredQuery } } });
      await current.promise;
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
      stream.removeAllListeners('error').on('error', () => undefined);
      stream.cancel();
      return times;
    },
    async createMany({ bytes, count, atOnce }) {
      let left = count;
      const before = performance.now();
      const work = async () => {
        while (left > 0) {
          left -= 1;
          await create(nextId(), bytes);
        }
      };
      await Promise.all(Array.from({ length: atOnce }, work));
      return (performance.now() - before) / 1_000;
    },
    async [Symbol.asyncDispose]() {
      await client.close();
    },
  };
}
