import { lstatSync, readlinkSync, realpathSync } from 'node:fs';

/** Something of this machine that commands may see, read-only: the same thing at `path` inside, or a link. */
export type MachineFile =
  | { readonly kind: 'bind'; readonly from: string; readonly path: string }
  | { readonly kind: 'link'; readonly to: string; readonly path: string };

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

/** The programs of this machine: /usr, and what lies beside it or leads into it. */
export function machinePrograms(): MachineFile[] {
  return [
    { kind: 'bind', from: '/usr', path: '/usr' },
    ...['/bin', '/sbin', '/lib', '/lib32', '/lib64'].flatMap((path): MachineFile[] => {
      try {
        return lstatSync(path).isSymbolicLink()
          ? [{ kind: 'link', to: readlinkSync(path), path }]
          : [{ kind: 'bind', from: path, path }];
      } catch {
        return [];
      }
    }),
  ];
}

/** The files of /etc that are there. Links are followed: what they lead to, in /run for example, is not there inside. */
export function machineSettings(): Extract<MachineFile, { kind: 'bind' }>[] {
  return ETC.flatMap((name) => {
    const path = `/etc/${name}`;
    try {
      return [{ kind: 'bind' as const, from: realpathSync(path), path }];
    } catch {
      return [];
    }
  });
}
