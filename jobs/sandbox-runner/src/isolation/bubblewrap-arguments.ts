import { BUBBLEWRAP_LIMITS } from './bubblewrap-limits.ts';
import { type MachineFile, machinePrograms, machineSettings } from './machine-files.ts';

/** Where things are inside. */
export const INSIDE = { workspace: '/workspace', scratch: '/run/runvoy' } as const;

export const INSIDE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * What bwrap is told: a file system of its own that shows the machine's programs read-only and nothing else of it, and
 * namespaces of its own for users, processes, IPC, host name and control groups, and for the network when it is to have none.
 * Otherwise the network is the machine's.
 */
export function bubblewrapArguments({
  readable,
  infoFd,
  hasNetwork,
}: {
  readonly readable: readonly string[];
  readonly infoFd: number;
  readonly hasNetwork: boolean;
}): string[] {
  const { workspaceBytes, tmpBytes, smallBytes, processes, openFiles } = BUBBLEWRAP_LIMITS;
  return [
    // Without a user namespace of its own to make further ones in, a command reaches no code of the kernel that needs root.
    ['--unshare-user', '--disable-userns', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
    hasNetwork ? [] : ['--unshare-net'],
    ['--die-with-parent', '--new-session', '--hostname', 'runvoy', '--info-fd', String(infoFd)],
    ['--clearenv', '--setenv', 'PATH', INSIDE_PATH],
    machinePrograms().flatMap(shown),
    ['--perms', '0755', '--dir', '/etc'],
    machineSettings().flatMap(shown),
    ['--proc', '/proc', '--dev', '/dev'],
    tmpfs(smallBytes, '/dev/shm'),
    ['--remount-ro', '/dev'],
    tmpfs(tmpBytes, '/tmp', '1777'),
    ['--perms', '0755', '--dir', '/var', '--symlink', '/tmp', '/var/tmp', '--symlink', '/run', '/var/run'],
    ['--perms', '0755', '--dir', '/run'],
    tmpfs(smallBytes, INSIDE.scratch),
    tmpfs(workspaceBytes, INSIDE.workspace),
    readable.flatMap((directory) => ['--ro-bind', directory, directory]),
    // The root of a sandbox is itself memory without a limit.
    ['--remount-ro', '/', '--chdir', INSIDE.workspace, '--'],
    ['prlimit', `--nproc=${processes}`, `--nofile=${openFiles}`, `--fsize=${workspaceBytes}`, '--core=0', '--'],
    ['/bin/sh', '-s'],
  ].flat();
}

function tmpfs(bytes: number, path: string, mode = '0700'): string[] {
  return ['--perms', mode, '--size', String(bytes), '--tmpfs', path];
}

function shown(file: MachineFile): string[] {
  return file.kind === 'link' ? ['--symlink', file.to, file.path] : ['--ro-bind-try', file.from, file.path];
}
