import { LIMITS } from '@runvoy/protocol';
import { Failure } from '../failure.ts';

/** Names the platform or runvoy sets itself (Cloud Run's reserved ones, https://cloud.google.com/run/docs/container-contract). */
const RESERVED = /^(PORT|K_.*|CLOUD_RUN_.*|X_GOOGLE_.*|RUNVOY_EXECUTION_ID)$/;

/** What a shell, or the loader of every program, reads itself: a value that is there for a command would keep commands from being found. */
const OF_THE_SHELL = /^(PATH|HOME|IFS|ENV|BASH_ENV|PWD|LD_PRELOAD|LD_LIBRARY_PATH)$/;

/**
 * The size of one variable in bytes. Fails with `UNPROCESSABLE` or, beyond a limit, `PAYLOAD_TOO_LARGE`, naming it and `where` it was
 * given, when no run can have it. The rule is one on every platform: what runs here is to run there.
 */
export function requireVariable(name: string, value: string, where = 'env'): number {
  const shown = name.slice(0, 80);
  // A line feed in a name would be two variables to whoever writes them one a line.
  if (name === '' || /[=\p{Cc}]/u.test(name)) {
    throw new Failure('UNPROCESSABLE', `${where}: "${shown}" is not a variable name.`);
  }
  if (RESERVED.test(name)) {
    throw new Failure(
      'UNPROCESSABLE',
      `${where}: ${shown} is set by the platform, on Google Cloud if not here; use another name.`,
    );
  }
  if (value.includes('\0')) throw new Failure('UNPROCESSABLE', `${where}: the value of ${shown} holds a NUL byte.`);
  const nameBytes = Buffer.byteLength(name);
  const valueBytes = Buffer.byteLength(value);
  if (nameBytes > LIMITS.envNameBytes) {
    tooLarge(`${where}: the name ${shown}... is ${nameBytes} bytes; the limit is ${LIMITS.envNameBytes}.`);
  }
  if (valueBytes > LIMITS.envValueBytes) {
    tooLarge(`${where}: the value of ${shown} is ${valueBytes} bytes; the limit is ${LIMITS.envValueBytes}.`);
  }
  return nameBytes + valueBytes;
}

/**
 * The name of a variable that a secret or a parameter goes into, checked. Fails with `UNPROCESSABLE`. Who gives a run its `PATH` with
 * the run has thought of it; a parameter called `path` has not.
 */
export function requireOwnVariable(name: string, where: string): void {
  requireVariable(name, '', where);
  if (!OF_THE_SHELL.test(name)) return;
  throw new Failure('UNPROCESSABLE', `${where}: ${name} is what a shell itself goes by; take another variable.`);
}

function tooLarge(text: string): never {
  throw new Failure('PAYLOAD_TOO_LARGE', text);
}
