import { execFile } from 'node:child_process';
import type { AttemptRef, Demand } from '@runvoy/core';

/** The container engine of this machine, as a probe found it. */
export interface ContainerEngine {
  /** The program and its own options, such as `podman --runtime runc`. */
  readonly command: readonly [string, ...string[]];
  /** All that the program gets of the server's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** What it truly limits here. */
  readonly enforces: readonly EngineLimit[];
}

export type EngineLimit = Extract<Demand, 'cpu' | 'memory'>;

/** What podman and docker are looked for as, when no engine is named. */
export const ENGINES: readonly (readonly [string, ...string[]])[] = [['podman'], ['docker']];

/** Where an engine finds its service, its configuration and its images. */
const ENGINE_ENV =
  /^(PATH|HOME|USER|TMPDIR|XDG_[A-Z_]+|DBUS_SESSION_BUS_ADDRESS|DOCKER_[A-Z_]+|CONTAINERS?_[A-Z_]+|REGISTRY_AUTH_FILE)$/;

/** What of the server's environment an engine needs. */
export function engineEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] => ENGINE_ENV.test(entry[0]) && entry[1] !== undefined,
    ),
  );
}

type Caller = Pick<ContainerEngine, 'command' | 'env'>;

/**
 * The ids of the containers that an attempt has, running or not, by the labels that `jobs/sandbox-runner` gives them. Rejects when
 * the engine does not answer: then nobody knows.
 */
export async function findContainers(engine: Caller, { execution_id, attempt }: AttemptRef): Promise<string[]> {
  const labels = [`label=dev.runvoy.execution=${execution_id}`, `label=dev.runvoy.attempt=${attempt}`];
  const filters = labels.flatMap((label) => ['--filter', label]);
  const ids = await call(engine, ['ps', '--all', '--quiet', '--no-trunc', ...filters]);
  return ids.split('\n').filter((id) => id !== '');
}

/** Ends and removes containers with everything in them. One that is gone already is no error. */
export async function removeContainers(engine: Caller, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await call(engine, ['rm', '--force', '--volumes', ...ids]).catch(() => undefined);
}

const ANSWER_MS = 20_000;

function call({ command: [program, ...options], env }: Caller, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      program,
      [...options, ...args],
      { env, cwd: '/', timeout: ANSWER_MS, killSignal: 'SIGKILL' },
      (error, stdout) => {
        if (error) reject(new Error(`${program} does not answer: ${error.message.replaceAll('\n', ' ')}`));
        else resolve(stdout.trim());
      },
    );
  });
}
