import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newDirectory, poll } from '../../services/standalone/test/server.ts';
import { ROLES, type Role } from '../../tools/emulated/deployment.ts';
import type { ServiceInstance } from '../../tools/emulated/service-process.ts';
import { startEmulatedServer, type EmulatedServer } from '../emulated-server.ts';
import { livingProcesses } from '@runvoy/core/contracts';
import { armedFile, reachedFile } from './armed-moments.ts';

const PRELOAD = fileURLToPath(new URL('preload.ts', import.meta.url));

/** A deployment whose services can be told to die, and are replaced when they have, as Cloud Run does. */
export interface CrashStack extends EmulatedServer {
  /** The next instance of the service that reaches this moment gets SIGKILL from itself. Resolves when one has. */
  arm(role: Role, at: string): { readonly reached: Promise<true> };
  /** SIGKILL to the sidecar of a run. */
  killSidecar(executionId: string): Promise<void>;
}

/** Two instances of each service, so that there is somebody while a new one starts. */
export async function startCrashStack(): Promise<CrashStack> {
  const directory = join(newDirectory(), 'armed');
  mkdirSync(directory);
  const env = { RUNVOY_CRASH_DIR: directory, NODE_OPTIONS: `--import=${PRELOAD}` };
  const server = await startEmulatedServer({ env, instances: 2 });
  let isClosing = false;
  const replaceWhenDead = (role: Role, instance: ServiceInstance): void => {
    void replace(role, instance);
  };
  const replace = async (role: Role, instance: ServiceInstance): Promise<void> => {
    await instance.ended;
    if (isClosing) return;
    replaceWhenDead(role, await server.stack.addInstance(role));
  };
  for (const role of ROLES) for (const instance of server.stack.instances(role)) replaceWhenDead(role, instance);
  return {
    ...server,
    arm(role, at) {
      writeFileSync(armedFile(directory, role, at), '');
      return { reached: poll(() => existsSync(reachedFile(directory, role, at)) || undefined) };
    },
    async killSidecar(executionId) {
      const pids = await poll(() => sidecarsOf(executionId));
      for (const pid of pids) process.kill(pid, 'SIGKILL');
    },
    async [Symbol.asyncDispose]() {
      isClosing = true;
      await server[Symbol.asyncDispose]();
    },
  };
}

function sidecarsOf(executionId: string): number[] | undefined {
  const pids = livingProcesses(executionId).filter((pid) => {
    try {
      return /sandbox-runner\/src\/main\.ts\0sidecar/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
    } catch {
      return false;
    }
  });
  return pids.length > 0 ? pids : undefined;
}
