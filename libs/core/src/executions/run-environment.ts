import { LIMITS } from '@runvoy/protocol';
import { Failure } from '../failure.ts';
import type { RunInput } from './run-input.ts';
import { looksSecret } from './secret-name.ts';

/** Names the platform or runvoy sets itself (Cloud Run's reserved ones, https://cloud.google.com/run/docs/container-contract). */
const RESERVED = /^(PORT|K_.*|CLOUD_RUN_.*|X_GOOGLE_.*|RUNVOY_EXECUTION_ID)$/;

/**
 * Checks the environment of a run and parts it: values of variables whose names look secret are masked in the log.
 * Fails with `UNPROCESSABLE` or, beyond a limit, `PAYLOAD_TOO_LARGE`, naming the variable and the limit.
 */
export function newRunInput(env: Readonly<Record<string, string>>): RunInput {
  const entries = Object.entries(env);
  if (entries.length > LIMITS.envEntries) {
    tooLarge(`env has ${entries.length} entries; the limit is ${LIMITS.envEntries}.`);
  }
  let total = 0;
  for (const [name, value] of entries) total += checkEntry(name, value);
  if (total > LIMITS.envTotalBytes) tooLarge(`env is ${total} bytes in all; the limit is ${LIMITS.envTotalBytes}.`);
  return {
    env: Object.fromEntries(entries.filter(([name]) => !looksSecret(name))),
    secrets: Object.fromEntries(entries.filter(([name]) => looksSecret(name))),
  };
}

/** The entry's size in bytes. */
function checkEntry(name: string, value: string): number {
  const shown = name.slice(0, 80);
  // A line feed in a name would be two variables to whoever writes them one a line.
  if (name === '' || /[=\p{Cc}]/u.test(name)) {
    throw new Failure('UNPROCESSABLE', `env: "${shown}" is not a variable name.`);
  }
  if (RESERVED.test(name))
    throw new Failure('UNPROCESSABLE', `env: ${shown} is set by the platform; use another name.`);
  if (value.includes('\0')) throw new Failure('UNPROCESSABLE', `env: the value of ${shown} holds a NUL byte.`);
  const nameBytes = Buffer.byteLength(name);
  const valueBytes = Buffer.byteLength(value);
  if (nameBytes > LIMITS.envNameBytes) {
    tooLarge(`env: the name ${shown}... is ${nameBytes} bytes; the limit is ${LIMITS.envNameBytes}.`);
  }
  if (valueBytes > LIMITS.envValueBytes) {
    tooLarge(`env: the value of ${shown} is ${valueBytes} bytes; the limit is ${LIMITS.envValueBytes}.`);
  }
  return nameBytes + valueBytes;
}

function tooLarge(text: string): never {
  throw new Failure('PAYLOAD_TOO_LARGE', text);
}
