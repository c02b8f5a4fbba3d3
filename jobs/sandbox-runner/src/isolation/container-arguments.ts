import { basename } from 'node:path';
import type { Network } from '@runvoy/protocol';
import { INSIDE } from './bubblewrap-arguments.ts';
import type { ContainerEngine } from './container-engine.ts';
import { MACHINE_IMAGE } from './container-image.ts';
import { CONTAINER_LIMITS, type ContainerSize, writableBytes } from './container-limits.ts';
import { machinePrograms, machineSettings } from './machine-files.ts';

/** Where the named pipes are seen inside. */
const PIPES = '/run/runvoy-pipes';

/** By these a container is found again, whoever made it. provider-local looks for the same. */
export const CONTAINER_LABELS = { execution: 'dev.runvoy.execution', attempt: 'dev.runvoy.attempt' } as const;

/**
 * What a container runs. The second process does our steps, the third reads what the supervisor writes to the lifeline: a signal for
 * everybody. When the supervisor is gone, however it went, the kernel ends the lifeline, the reader ends, the first process ends, and
 * the kernel ends all others with it. The first only waits: so it buries whoever the command orphans.
 */
const FIRST_PROCESS = [
  // Before the shell is there to answer: then the names go.
  `exec 3<${PIPES}/lifeline`,
  `/bin/sh -s <${PIPES}/steps >${PIPES}/answers 2>&1 4>${PIPES}/stdout 5>${PIPES}/stderr 3<&- &`,
  '(while read -r signal; do kill -"$signal" -1; done) <&3 3<&- &',
  'exec 3<&-',
  'wait $!',
].join('\n');

export interface ContainerCall {
  readonly engine: ContainerEngine;
  readonly executionId: string;
  readonly attempt: number;
  /** The reference of the execution, and the engine's id of it. */
  readonly image: string;
  readonly imageId: string;
  readonly size: ContainerSize;
  readonly network: Network;
  /** The directory of the pipes on this machine. */
  readonly pipes: string;
  readonly readable: readonly string[];
}

/** What the engine is told to run one container. Nothing that a run brings is in it: arguments can be read by others. */
export function containerArguments(call: ContainerCall): string[] {
  const { engine, executionId, attempt, size } = call;
  const isPodman = basename(engine.command[0]).startsWith('podman');
  const { workspace, tmp } = writableBytes(size);
  const { processes, openFiles, smallBytes } = CONTAINER_LIMITS;
  return [
    ['run', '--rm', '--pull', 'never', '--name', `runvoy-${executionId}-${attempt}`],
    ['--label', `${CONTAINER_LABELS.execution}=${executionId}`, '--label', `${CONTAINER_LABELS.attempt}=${attempt}`],
    ['--hostname', 'runvoy', '--entrypoint', '/bin/sh', '--workdir', '/'],
    // Who removes it has given the command its grace already; podman would wait 10 s more.
    ['--stop-timeout', '0'],
    // Output comes through our pipes; the engine is to keep nothing of it, on no disk.
    ['--log-driver', 'none'],
    ['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
    ['--pids-limit', String(processes), '--ulimit', `nofile=${openFiles}:${openFiles}`, '--ulimit', 'core=0:0'],
    // Podman asks for more than some machines let it give, unless it is told a number.
    isPodman ? ['--ulimit', `nproc=${NPROC}:${NPROC}`] : [],
    engine.enforces.includes('memory') ? ['--memory', `${size.memoryMib}m`, '--memory-swap', `${size.memoryMib}m`] : [],
    engine.enforces.includes('cpu') ? ['--cpus', String(size.cpu / 1024)] : [],
    call.network === 'none' ? ['--network', 'none'] : [],
    // The layer that a container writes to is on the machine's disk, and no engine limits it everywhere.
    ['--read-only', ...(isPodman ? ['--read-only-tmpfs=false'] : []), '--shm-size', String(smallBytes)],
    tmpfs(INSIDE.workspace, workspace, isPodman),
    tmpfs(INSIDE.scratch, smallBytes, isPodman),
    tmpfs('/tmp', tmp, isPodman),
    ['--mount', mount(call.pipes, PIPES, isPodman ? ['relabel=private'] : [])],
    call.readable.flatMap((directory) => ['--mount', mount(directory, directory)]),
    call.image === MACHINE_IMAGE ? machineArguments() : [],
    [call.imageId, '-c', FIRST_PROCESS],
  ].flat();
}

/** Counted over all containers of one user, so it is no limit of a run: `--pids-limit` is. */
const NPROC = 4_096;

/** The machine's programs belong to root, so they are run as nobody. The engine itself brings names and addresses. */
function machineArguments(): string[] {
  const ofTheEngine = ['/etc/hosts', '/etc/resolv.conf'];
  return [
    ['--user', '65534:65534'],
    [...machinePrograms(), ...machineSettings()].flatMap((file) =>
      file.kind === 'link' || ofTheEngine.includes(file.path) ? [] : ['--mount', mount(file.from, file.path)],
    ),
  ].flat();
}

/** Podman fills it from the image, mode included, unless it is told not to; docker never does. */
function tmpfs(path: string, bytes: number, isPodman: boolean): string[] {
  const options = `rw,exec,nosuid,nodev,size=${Math.floor(bytes)},mode=1777${isPodman ? ',notmpcopyup' : ''}`;
  return ['--tmpfs', `${path}:${options}`];
}

/** Engines read this as a line of comma-separated values. */
function mount(from: string, to: string, more: readonly string[] = []): string {
  const values = ['type=bind', `src=${from}`, `dst=${to}`, 'readonly', ...more];
  return values.map((value) => (/[",]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)).join(',');
}
