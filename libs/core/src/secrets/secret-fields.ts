import { LIMITS } from '@runvoy/protocol';
import { Failure } from '../failure.ts';
import { requireOwnVariable, requireVariable } from './variable.ts';

/** It stands in a path of the API and in a shell's command line. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** What a shell can read: a value in another variable would be out of the command's reach. */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The name, checked. Fails with `INVALID_REQUEST` or `UNPROCESSABLE`, saying what a name may be. */
export function requireSecretName(text: string): string {
  const name = text.trim();
  if (name === '') throw new Failure('INVALID_REQUEST', 'name is required');
  if (name.length > LIMITS.secretNameChars) {
    throw new Failure('UNPROCESSABLE', `name is ${name.length} characters; the limit is ${LIMITS.secretNameChars}.`);
  }
  if (!NAME.test(name)) {
    throw new Failure(
      'UNPROCESSABLE',
      `"${name.slice(0, 80)}" is no name of a secret. It begins with a letter or digit; letters, digits, ".", "_" and "-" follow.`,
    );
  }
  return name;
}

/** Fails, naming what is wrong, unless a run can have this value in this variable. An empty value could not be masked. */
export function requireValue(keyName: string, value: string): void {
  if (keyName === '')
    throw new Failure('INVALID_REQUEST', 'key_name is required: the variable a run finds the value in');
  if (value === '') throw new Failure('INVALID_REQUEST', 'value is required');
  if (!VARIABLE.test(keyName)) {
    throw new Failure(
      'UNPROCESSABLE',
      `key_name "${keyName.slice(0, 80)}" is no variable that a shell can read: letters, digits and "_", no digit first.`,
    );
  }
  requireOwnVariable(keyName, 'key_name');
  requireVariable(keyName, value, 'secret');
}

/** The description as it is kept; `undefined` when there is none. */
export function readDescription(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (text.length > LIMITS.descriptionChars) {
    throw new Failure(
      'UNPROCESSABLE',
      `description is ${text.length} characters; the limit is ${LIMITS.descriptionChars}.`,
    );
  }
  return text;
}
