import { LIMITS } from '@runvoy/protocol';
import { Failure } from '../failure.ts';
import { requireVariable } from '../secrets/variable.ts';
import type { RunInput } from './run-input.ts';
import { looksSecret } from './secret-name.ts';

/**
 * Checks the environment of a run, with the secrets it names, and parts it: values of secrets, and of variables whose names look
 * secret, are masked in the log.
 * Fails with `UNPROCESSABLE` or, beyond a limit, `PAYLOAD_TOO_LARGE`, naming the variable and the limit.
 */
export function newRunInput(
  env: Readonly<Record<string, string>>,
  secretValues: Readonly<Record<string, string>> = {},
): RunInput {
  // What the caller says itself wins over a secret of that variable, as in runvoy.
  const entries = Object.entries({ ...secretValues, ...env });
  const isSecret = (name: string) =>
    looksSecret(name) || (Object.hasOwn(secretValues, name) && !Object.hasOwn(env, name));
  if (entries.length > LIMITS.envEntries) {
    tooLarge(`env has ${entries.length} entries; the limit is ${LIMITS.envEntries}.`);
  }
  let total = 0;
  for (const [name, value] of entries) total += requireVariable(name, value);
  if (total > LIMITS.envTotalBytes) tooLarge(`env is ${total} bytes in all; the limit is ${LIMITS.envTotalBytes}.`);
  return {
    env: Object.fromEntries(entries.filter(([name]) => !isSecret(name))),
    secrets: Object.fromEntries(entries.filter(([name]) => isSecret(name))),
  };
}

function tooLarge(text: string): never {
  throw new Failure('PAYLOAD_TOO_LARGE', text);
}
