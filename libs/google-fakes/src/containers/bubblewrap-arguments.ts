import { existsSync, lstatSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Image } from './image.ts';

const HOST_TOP = ['bin', 'lib', 'lib32', 'lib64', 'sbin', 'usr'];
const HOST_ETC = [
  'alternatives',
  'ca-certificates',
  'group',
  'hosts',
  'ld.so.cache',
  'localtime',
  'nsswitch.conf',
  'passwd',
  'resolv.conf',
  'ssl',
];
/** Made anew for each container. */
const OWN_TOP = ['proc', 'dev', 'tmp', 'run', 'sys'];
/** Those of an ordinary container: root inside may not touch the machine. */
const CAPABILITIES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FSETID',
  'FOWNER',
  'KILL',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];

const OWN_FOLDERS = [
  ['--perms', '0755', '--dir', '/etc'],
  ['--perms', '0700', '--dir', '/root'],
  ['--perms', '0755', '--dir', '/var', '--symlink', '/tmp', '/var/tmp'],
].flat();

/** How one container sees the world. */
export type ContainerView = {
  image: Image;
  env: Readonly<Record<string, string>>;
  /** Path inside -> directory of this machine, writable. */
  volumes: Readonly<Record<string, string>>;
  workdir: string;
};

/** `isPretended`: without root it is our own user who appears as that one inside. */
export type ContainerUser = { uid: number; isPretended: boolean };

/** What bwrap is told, without the command. Its processes are apart, unless `sharedPids`; the network is the machine's. */
export function bubblewrapArguments(
  view: ContainerView,
  { user, sharedPids }: { user: ContainerUser; sharedPids: boolean },
): string[] {
  return [
    ...(sharedPids ? ['--bind', '/proc', '/proc'] : ['--unshare-pid', '--as-pid-1', '--proc', '/proc']),
    ['--unshare-ipc', '--unshare-uts', '--hostname', 'localhost', '--die-with-parent', '--new-session'],
    userArguments(user),
    view.image.rootfs === 'host' ? hostTree() : rootTree(view.image.rootfs),
    ['--dev', '/dev', '--perms', '1777', '--tmpfs', '/tmp', '--perms', '0755', '--tmpfs', '/run'],
    (view.image.readable ?? []).flatMap((path) => ['--ro-bind', path, path]),
    Object.entries(view.volumes).flatMap(([inside, directory]) => ['--bind', directory, inside]),
    '--clearenv',
    Object.entries(view.env).flatMap(([name, value]) => ['--setenv', name, value]),
    ['--chdir', view.workdir],
  ].flat();
}

function userArguments({ uid, isPretended }: ContainerUser): string[] {
  if (isPretended) return ['--unshare-user', '--uid', String(uid), '--gid', String(uid)];
  return uid === 0 ? ['--cap-drop', 'ALL', ...CAPABILITIES.flatMap((name) => ['--cap-add', `CAP_${name}`])] : [];
}

function hostTree(): string[] {
  return [
    ...HOST_TOP.flatMap((name) => entry('/', name)),
    ...OWN_FOLDERS,
    ...HOST_ETC.flatMap((name) =>
      existsSync(`/etc/${name}`) ? ['--ro-bind', realpathSync(`/etc/${name}`), `/etc/${name}`] : [],
    ),
  ];
}

/** Entry by entry, so that a mount point the image does not hold can be made in the root. */
function rootTree(rootfs: string): string[] {
  return readdirSync(rootfs)
    .filter((name) => !OWN_TOP.includes(name))
    .flatMap((name) => entry(rootfs, name));
}

function entry(root: string, name: string): string[] {
  const path = join(root, name);
  if (!existsSync(path) && !lstatSync(path, { throwIfNoEntry: false })) return [];
  return lstatSync(path).isSymbolicLink()
    ? ['--symlink', readlinkSync(path), `/${name}`]
    : ['--ro-bind', path, `/${name}`];
}
