import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ImageTable } from '@runvoy/google-fakes';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
/** Debian's busybox is static, as the one in the sidecar's image is. */
const STATIC_SHELL = '/bin/busybox';

/** The image's reference that `python313` stands for, and two that tests name. */
export const IMAGES = [
  'docker.io/library/python:3.13-slim',
  'docker.io/library/alpine:3.22',
  'docker.io/library/debian:13',
];

/**
 * What image references stand for here. Every image is this machine's programs, read-only: nothing is pulled. The sidecar's holds this
 * checkout and the Node that runs it besides. `readable`: what commands may read besides, such as a test's named pipes.
 */
export function emulatedImages(
  sidecarImage: string,
  images: readonly string[],
  readable: readonly string[] = [],
): ImageTable {
  const node = process.execPath;
  const cache = process.env['NODE_COMPILE_CACHE'];
  const sidecar = {
    rootfs: 'host',
    readable: [REPOSITORY, dirname(node), ...(cache && existsSync(cache) ? [cache] : [])],
    entrypoint: [node, `${REPOSITORY}/jobs/sandbox-runner/src/main.ts`, 'sidecar'],
    env: {
      RUNVOY_STATIC_SHELL: STATIC_SHELL,
      PATH: '/usr/local/bin:/usr/bin:/bin',
      // Read-only as the sidecar's image is, where it holds everything compiled.
      ...(cache && { NODE_COMPILE_CACHE: cache }),
    },
  };
  const path = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
  const commands = images.map((image) => [image, { rootfs: 'host', cmd: ['/bin/sh'], env: path, readable }] as const);
  return { [sidecarImage]: sidecar, ...Object.fromEntries(commands) };
}
