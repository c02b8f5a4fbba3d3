import { LIMITS } from '@runvoy/protocol';
import { Failure } from '../failure.ts';

/** Names the platform or runvoy sets itself (Cloud Run's reserved ones, https://cloud.google.com/run/docs/container-contract). */
const RESERVED = /^(PORT|K_.*|CLOUD_RUN_.*|X_GOOGLE_.*|RUNVOY_EXECUTION_ID)$/;

/** The size of one variable in bytes. Fails with `UNPROCESSABLE` or, beyond a limit, `PAYLOAD_TOO_LARGE`, naming it, when no run can have it. */
export function requireVariable(name: string, value: string): number {
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
