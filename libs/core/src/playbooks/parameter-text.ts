import type { ParameterValue } from '@runvoy/protocol';
import { Failure, isFailure } from '../failure.ts';
import { requireVariable } from '../secrets/variable.ts';
import { readPattern } from './pattern.ts';
import type { Parameter } from './playbook.ts';

const WHOLE = /^-?\d{1,16}$/;
const DECIMAL = /^-?\d{1,64}(\.\d{1,64})?([eE][+-]?\d{1,3})?$/;

/**
 * The value as its variable holds it. Numbers and booleans may come as their text, as from a command line.
 * Fails with `UNPROCESSABLE`, naming the parameter and the rule; the value itself is never repeated, it may be a secret.
 */
export async function parameterText(parameter: Parameter, value: ParameterValue): Promise<string> {
  const text = await textOf(parameter, value);
  try {
    requireVariable(parameter.variable, text);
  } catch (error) {
    if (!isFailure(error, 'UNPROCESSABLE') && !isFailure(error, 'PAYLOAD_TOO_LARGE')) throw error;
    throw new Failure(error.code, `parameter ${parameter.name}: ${error.message}`);
  }
  return text;
}

function textOf(parameter: Parameter, value: ParameterValue): string | Promise<string> {
  switch (parameter.type) {
    case 'string':
      return stringText(parameter, value);
    case 'integer':
      return numberText(parameter, wholeOf(value), 'a whole number');
    case 'number':
      return numberText(parameter, decimalOf(value), 'a number');
    case 'boolean':
      if (value === true || value === 'true') return 'true';
      if (value === false || value === 'false') return 'false';
      return refuse(parameter, 'true or false');
    case 'choice':
      if (typeof value === 'string' && parameter.choices?.includes(value)) return value;
      return refuse(parameter, `one of: ${(parameter.choices ?? []).join(', ').slice(0, 500)}`);
  }
}

async function stringText(parameter: Parameter, value: ParameterValue): Promise<string> {
  const { name, pattern, min_length: least = 0, max_length: most = Infinity } = parameter;
  if (typeof value !== 'string' || !value.isWellFormed()) return refuse(parameter, 'text');
  const { length } = Array.from(value);
  if (length < least) return refuse(parameter, `at least ${least} characters long`);
  if (length > most) return refuse(parameter, `at most ${most} characters long`);
  if (pattern === undefined || (await readPattern(pattern, `parameter ${name}`))(value)) return value;
  return refuse(parameter, `text that matches ${pattern}`);
}

function numberText(parameter: Parameter, value: number | undefined, kind: string): string {
  const { minimum = -Infinity, maximum = Infinity } = parameter;
  if (value === undefined) return refuse(parameter, kind);
  if (value < minimum) return refuse(parameter, `${kind} of at least ${minimum}`);
  if (value > maximum) return refuse(parameter, `${kind} of at most ${maximum}`);
  // -0 + 0 is 0.
  return String(value + 0);
}

function wholeOf(value: ParameterValue): number | undefined {
  const number = typeof value === 'string' && WHOLE.test(value) ? Number(value) : value;
  return Number.isSafeInteger(number) ? (number as number) : undefined;
}

function decimalOf(value: ParameterValue): number | undefined {
  const number = typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value;
  return Number.isFinite(number) ? (number as number) : undefined;
}

function refuse({ name }: Parameter, what: string): never {
  throw new Failure('UNPROCESSABLE', `parameter ${name} has to be ${what}.`);
}
