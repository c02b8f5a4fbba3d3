import { chmodSync, existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ImageTable } from '@runvoy/google-fakes';
import { newDirectory, poll } from '../../services/standalone/test/server.ts';
import { deploymentIn, ROLES, type Role } from '../../tools/emulated/deployment.ts';
import type { ServiceInstance } from '../../tools/emulated/service-process.ts';
import { emulatedImages } from '../../tools/emulated/images.ts';
import { newProject, startEmulatedServer, type EmulatedServer } from '../emulated-server.ts';
import { openSettableClocks, type SettableClocks } from '../log-faults/settable-clocks.ts';
import { livingProcesses } from '@runvoy/core/contracts';
import { armedFile, reachedFile } from './armed-moments.ts';

const PRELOAD = fileURLToPath(new URL('preload.ts', import.meta.url));

/** A deployment whose services can be told to die, and are replaced when they have, as Cloud Run does. */
export interface CrashStack extends EmulatedServer {
  /** The next instance of the service that reaches this moment gets SIGKILL from itself. Resolves when one has. */
  arm(role: Role, at: string): { readonly reached: Promise<true> };
  /** SIGKILL to the sidecar of a run. */
  killSidecar(executionId: string): Promise<void>;
  /** The sidecar of a run, once there is one, and where the volume that it shares with the command is on this machine. */
  sidecarOf(executionId: string): Promise<{ readonly pid: number; readonly volume: string }>;
  /** Of services by their process ids, of sidecars by their executions. */
  readonly clocks: SettableClocks;
}

/** Why a volume cannot have a size here. Where nothing may be missing, the tests run and fail. */
export function whyNoSizedVolumes(): string | undefined {
  return process.env['RUNVOY_REQUIRE_ALL'] === '1' || process.getuid?.() === 0 ? undefined : 'not root';
}

/** Two instances of each service, so that there is somebody while a new one starts. */
export async function startCrashStack(): Promise<CrashStack> {
  const around = newDirectory();
  // Sidecars look into it.
  chmodSync(around, 0o755);
  const directory = join(around, 'armed');
  mkdirSync(directory);
  const clocks = openSettableClocks(join(around, 'clocks'));
  const env = {
    ...clocks.env,
    RUNVOY_CRASH_DIR: directory,
    NODE_OPTIONS: `--import=${PRELOAD} ${clocks.env.NODE_OPTIONS}`,
  };
  const project = newProject();
  const server = await startEmulatedServer({
    env,
    project,
    // What is loaded before a service takes a module's place, which a bundle has not.
    bundles: undefined,
    instances: 2,
    cloudRun: { volumes: whyNoSizedVolumes() === undefined ? 'tmpfs' : 'directory' },
  });
  server.stack.google.cloudRun.choose({ images: sidecarWith(clocks, deploymentIn(project).sidecarImage) });
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
    clocks,
    sidecarOf: (executionId) => poll(() => insideOf(executionId)),
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

/** The process in the container, and not the one that has made it. */
function insideOf(executionId: string): { readonly pid: number; readonly volume: string } | undefined {
  const pid = sidecarsOf(executionId)?.find((one) => {
    try {
      return basename(readlinkSync(`/proc/${one}/exe`)) === basename(process.execPath);
    } catch {
      return false;
    }
  });
  return pid === undefined ? undefined : { pid, volume: `/proc/${pid}/root/runvoy` };
}

/** The sidecar's image, with a clock that can be set. */
function sidecarWith({ directory, env }: SettableClocks, reference: string): ImageTable {
  const image = emulatedImages(reference, [])[reference]!;
  return {
    [reference]: { ...image, readable: [...(image.readable ?? []), directory], env: { ...image.env, ...env } },
  };
}
