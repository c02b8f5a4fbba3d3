import { chmodSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Records } from '@runvoy/core';
import { openFirestoreRecords } from '@runvoy/provider-gcp';
import { startFirestoreEmulator, startPubSubEmulator } from '@runvoy/google-fakes';
import { testApi, type TestApi } from '../services/standalone/test/server.ts';
import { ROLES } from '../tools/emulated/deployment.ts';
import { startEmulatedStack, type EmulatedStack } from '../tools/emulated/stack.ts';
import { openBareFirestore, type BareFirestore } from './bare-firestore.ts';
import { countStore, type Asked } from './counted-store.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { watchTreeCpu } from './tree-cpu.ts';

// Nobody here is on Google Cloud; its clients need not ask.
process.env['METADATA_SERVER_DETECTION'] ??= 'none';

/** The emulated Google stack, with a relay before its store that counts, and Google's own client through the same relay. */
export interface EmulatedBench extends AsyncDisposable {
  readonly server: TestApi;
  readonly bare: BareFirestore;
  /** What is stored, read past the relay: nobody counts it. */
  readonly records: Records;
  /** A directory that commands see at the same path and may read. */
  readonly sharedDirectory: string;
  /** What the store was asked since the last time. */
  asked(): Promise<Asked>;
  /** Watches the CPU time of everything that works for a run, ms by name. */
  watchCpu(): { stop(): ReadonlyMap<string, number> };
}

/** What a process does for a run: services, both emulators, the runner. This one is Google's front ends, and what has no emulator. */
function partOf(stack: EmulatedStack, pid: number, commandLine: string): string | undefined {
  if (pid === process.pid) return 'fakes and front ends';
  const role = ROLES.find((one) => stack.instances(one).some((instance) => instance.pid === pid));
  if (role !== undefined) return role;
  const [, name] = PARTS.find(([part]) => commandLine.includes(part)) ?? [];
  return name;
}

const PARTS = [
  ['CloudFirestore', 'Firestore emulator'],
  ['pubsub-emulator', 'Pub/Sub emulator'],
  ['sandbox-runner', 'runner'],
] as const;

/** Starts it all, with a first run behind it: what runs for the first time is no measure of the rest. */
export async function openEmulatedBench(): Promise<EmulatedBench> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(temporaryDirectory());
  chmodSync(path, 0o755);
  const [firestore, pubsub] = await Promise.all([
    startFirestoreEmulator().then((emulator) => stack.adopt(emulator, (one) => one.stop())),
    startPubSubEmulator().then((emulator) => stack.adopt(emulator, (one) => one.stop())),
  ]);
  const store = stack.use(await countStore(firestore.host));
  const emulated = stack.use(
    await startEmulatedStack({
      dataDir: join(path, 'stack'),
      emulators: { firestore: store.host, pubsub: pubsub.host },
      // The command that writes is a program of Node's.
      readable: [path, fileURLToPath(new URL('.', import.meta.url)), dirname(process.execPath)],
    }),
  );
  const server = testApi(emulated.ready, emulated.ready.api_key);
  const { execution_id } = await server.run('echo first');
  await server.finished(execution_id);
  const bare = stack.use(openBareFirestore(store.host, emulated.project));
  const records = stack.use(openFirestoreRecords({ projectId: emulated.project, host: firestore.host }));
  const opened = stack.move();
  return {
    server,
    bare,
    records,
    sharedDirectory: path,
    asked: () => store.asked(),
    watchCpu: () => watchTreeCpu((pid, commandLine) => partOf(emulated, pid, commandLine)),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
