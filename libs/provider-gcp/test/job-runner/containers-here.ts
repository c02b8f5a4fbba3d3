import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Debian's package busybox-static puts it here; the sidecar's image brings its own. */
export const STATIC_SHELL = '/bin/busybox';

/** Why the fake Cloud Run can start no containers here. Where nothing may be missing, the tests run and fail. */
export function whyNoContainers(): string | undefined {
  if (process.env['RUNVOY_REQUIRE_ALL'] === '1') return undefined;
  if (!existsSync(STATIC_SHELL)) return `no static busybox at ${STATIC_SHELL}`;
  try {
    execFileSync('bwrap', ['--unshare-pid', '--ro-bind', '/', '/', '--proc', '/proc', 'true'], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `bubblewrap does not work here: ${(error as Error).message.split('\n').at(-1)}`;
  }
}
