import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { BUBBLEWRAP_LIMITS } from './bubblewrap-limits.ts';

/** Where things are inside. */
export const INSIDE = { workspace: '/workspace', scratch: '/run/runvoy' } as const;

export const INSIDE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Of /etc only what programs need to find libraries, names, certificates and the time. */
const ETC = [
  'alternatives',
  'ca-certificates',
  'ca-certificates.conf',
  'crypto-policies',
  'gai.conf',
  'group',
  'host.conf',
  'hosts',
  'java',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'localtime',
  'mime.types',
  'nsswitch.conf',
  'passwd',
  'perl',
  'pki',
  'protocols',
  'python3',
  'resolv.conf',
  'services',
  'ssl',
  'terminfo',
  'timezone',
] as const;

/**
 * What bwrap is told: a file system of its own that shows the machine's programs read-only and nothing else of it, and
 * namespaces of its own for users, processes, IPC, host name and control groups. The network is the machine's.
 */
export function bubblewrapArguments(readable: readonly string[], infoFd: number): string[] {
  const { workspaceBytes, tmpBytes, smallBytes, processes, openFiles } = BUBBLEWRAP_LIMITS;
  return [
    // Without a user namespace of its own to make further ones in, a command reaches no code of the kernel that needs root.
    ['--unshare-user', '--disable-userns', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
    ['--die-with-parent', '--new-session', '--hostname', 'runvoy', '--info-fd', String(infoFd)],
    ['--clearenv', '--setenv', 'PATH', INSIDE_PATH],
    ['--ro-bind', '/usr', '/usr'],
    ['bin', 'sbin', 'lib', 'lib32', 'lib64'].flatMap(topLevel),
    ['--perms', '0755', '--dir', '/etc'],
    ETC.flatMap(etcEntry),
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

/** As on the machine: a directory of its own, or a link into /usr. */
function topLevel(name: string): string[] {
  const path = `/${name}`;
  try {
    return lstatSync(path).isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path];
  } catch {
    return [];
  }
}

/** Links are followed here: what they lead to, in /run for example, is not there inside. */
function etcEntry(name: string): string[] {
  const path = `/etc/${name}`;
  try {
    return ['--ro-bind-try', realpathSync(path), path];
  } catch {
    return [];
  }
}
