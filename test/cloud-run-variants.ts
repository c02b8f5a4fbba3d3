import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CloudRunChoices, Image } from '@runvoy/google-fakes';

/** What the default image is called. */
const IMAGE = 'docker.io/library/python:3.13-slim';
const STATIC_PROGRAM = '/bin/busybox';
/** Programs that the commands of the tests start. A shell is not among them. */
const PROGRAMS = ['env', 'seq', 'setsid', 'sleep', 'sort'];

/** A Cloud Run, or an image, that a run must be the same on. Which of the first five the real one is, nobody knows (gcp.md, section 14). */
export interface CloudRunVariant {
  readonly name: string;
  /** Why it cannot be had here. Where nothing may be missing, it is tried and fails. */
  readonly why?: string | undefined;
  /** `readable`: directories that commands see at the same path. */
  choices(readable: readonly string[]): CloudRunChoices;
}

const mayNotSkip = process.env['RUNVOY_REQUIRE_ALL'] === '1';
const notRoot = mayNotSkip || process.getuid?.() === 0 ? undefined : 'not root';
const noProgram = mayNotSkip || existsSync(STATIC_PROGRAM) ? undefined : `no static ${STATIC_PROGRAM}`;

const image = (differently: Partial<Image>): CloudRunChoices => ({
  images: {
    [IMAGE]: {
      rootfs: 'host',
      cmd: ['/bin/sh'],
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
      ...differently,
    },
  },
});
const ended = (choices: CloudRunChoices): CloudRunChoices => ({
  mainContainer: undefined,
  pids: 'separate',
  ...choices,
});

export const CLOUD_RUN_VARIANTS: readonly CloudRunVariant[] = [
  { name: 'all-exit', choices: (readable) => ({ ...image({ readable }), ...ended({ ends: 'all-exit' }) }) },
  { name: 'any-exit', choices: (readable) => ({ ...image({ readable }), ...ended({ ends: 'any-exit' }) }) },
  ...['sidecar', 'runner'].map((mainContainer) => ({
    name: `main-exit-${mainContainer}`,
    choices: (readable: readonly string[]) => ({
      ...image({ readable }),
      ...ended({ ends: 'main-exit', mainContainer }),
    }),
  })),
  {
    name: 'shared-pids',
    why: notRoot,
    choices: (readable) => ({ ...image({ readable }), ...ended({ ends: 'all-exit', pids: 'shared' }) }),
  },
  ...[0, 1000, 65_532].map((user) => ({
    name: `uid-${user}`,
    why: notRoot,
    choices: (readable: readonly string[]) => ({ ...image({ readable, user }), ...ended({ ends: 'all-exit' }) }),
  })),
  {
    name: 'no-shell',
    why: noProgram,
    choices: (readable) => ({
      ...image({ readable, rootfs: rootWithoutShell(), cmd: ['/bin/sleep'] }),
      ...ended({ ends: 'all-exit' }),
    }),
  },
];

/** The root file system of an image that holds a few static programs, and no shell under any name. */
function rootWithoutShell(): string {
  const root = mkdtempSync(join(tmpdir(), 'runvoy-image-'));
  chmodSync(root, 0o755);
  mkdirSync(join(root, 'bin'));
  for (const name of PROGRAMS) copyFileSync(STATIC_PROGRAM, join(root, 'bin', name));
  return root;
}

/** `name`, with the reason behind it when there is one. */
export const titled = (name: string, why: string | undefined): string =>
  why === undefined ? name : `${name} — skipped: ${why}`;
