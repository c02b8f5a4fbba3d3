import { execFileSync } from 'node:child_process';

const mayNotSkip = process.env['RUNVOY_REQUIRE_ALL'] === '1';

/** Why no containers can be started here. Where nothing may be missing, the tests run and fail. */
export const whyNoContainers: string | undefined = mayNotSkip ? undefined : reasonWithoutBubblewrap();

/** Why containers cannot run as other users here. */
export const whyNotRoot: string | undefined =
  whyNoContainers ?? (mayNotSkip || process.getuid?.() === 0 ? undefined : 'not root');

/** The name of a test, with the reason why it is skipped. */
export function named(name: string, why: string | undefined): string {
  return why === undefined ? name : `${name} — skipped: ${why}`;
}

function reasonWithoutBubblewrap(): string | undefined {
  try {
    execFileSync('bwrap', ['--unshare-pid', '--ro-bind', '/', '/', '--proc', '/proc', 'true'], { stdio: 'pipe' });
    return undefined;
  } catch (failure) {
    return `bubblewrap does not work here: ${(failure as Error).message.split('\n').at(-1)}`;
  }
}
