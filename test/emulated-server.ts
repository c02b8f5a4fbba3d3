import { randomBytes } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { emulatorHost } from '@runvoy/google-fakes';
import { newDirectory, testApi, type TestApi } from '../services/standalone/test/server.ts';
import { startEmulatedStack, type EmulatedStack, type EmulatedStackOptions } from '../tools/emulated/stack.ts';

/** A whole deployment on the emulators that this stage of the tests has started. */
export interface EmulatedServer extends TestApi, AsyncDisposable {
  readonly stack: EmulatedStack;
  /** A directory that commands see at the same path and may read. */
  readonly sharedDirectory: string;
}

/** A project of its own is all that keeps two deployments on the same emulators apart. */
export const newProject = (): string => `runvoy-${randomBytes(4).toString('hex')}`;

export async function startEmulatedServer(
  options: Omit<EmulatedStackOptions, 'dataDir' | 'emulators'> = {},
): Promise<EmulatedServer> {
  const sharedDirectory = newDirectory();
  // Commands run as other users, too.
  chmodSync(sharedDirectory, 0o755);
  const stack = await startEmulatedStack({
    project: newProject(),
    bundles: process.env['RUNVOY_TEST_BUNDLES'] || undefined,
    ...options,
    dataDir: newDirectory(),
    emulators: { firestore: emulatorHost('FIRESTORE_EMULATOR_HOST'), pubsub: emulatorHost('PUBSUB_EMULATOR_HOST') },
    readable: [sharedDirectory],
  });
  return {
    ...testApi(stack.ready, stack.ready.api_key),
    stack,
    sharedDirectory,
    [Symbol.asyncDispose]: () => stack.close(),
  };
}
