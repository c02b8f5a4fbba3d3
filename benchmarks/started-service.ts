import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { deploymentIn, environmentOf, newSigningKey, type Role } from '../tools/emulated/deployment.ts';

/** Nobody listens on port 1, so whoever asks there is refused at once. */
const NOWHERE = '127.0.0.1:1';
const NOBODY = 'https://example.com';

/** A service in a process of its own. */
export interface StartedService extends AsyncDisposable {
  readonly pid: number;
  readonly url: string;
  /** Sends it a message and waits for its answer. */
  ask(what: string): Promise<void>;
}

/** The variables of a deployment of which, besides the store that is named, nothing answers. */
export function lonelyDeployment(role: Role, firestore = NOWHERE): Record<string, string> {
  const rest = { pubsub: NOWHERE, run: NOWHERE, secretManager: NOWHERE, logging: NOWHERE, scheduler: NOWHERE };
  return environmentOf(deploymentIn('runvoy-bench'), role, {
    endpoints: { firestore, ...rest, certs: NOWHERE, metadata: NOWHERE, iam: NOWHERE, storage: NOWHERE },
    urls: { orchestrator: NOBODY, processor: NOBODY, intake: NOBODY, websocket: NOBODY },
    signingKey: newSigningKey(),
  });
}

/** Starts a service on a port the system chooses, as the user it is told, and resolves once it says where it listens. */
export async function startService(
  args: readonly string[],
  env: Record<string, string>,
  user: { readonly uid?: number; readonly gid?: number } = {},
): Promise<StartedService> {
  const child = spawn(process.execPath, [...args], {
    ...user,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: { PATH: process.env['PATH'], ...env, PORT: '0' },
  });
  const ended = once(child, 'exit');
  const listening = Promise.withResolvers<number>();
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const entry = JSON.parse(line) as { readonly message?: string; readonly port: number };
    if (entry.message === 'listening') listening.resolve(entry.port);
  });
  const port = await Promise.race([listening.promise, ended.then(() => undefined)]);
  if (port === undefined) throw new Error(`${args.join(' ')} ended with ${child.exitCode}.`);
  return {
    pid: child.pid!,
    url: `http://127.0.0.1:${port}`,
    async ask(what) {
      child.send(what);
      await once(child, 'message');
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
