import type { ParameterValue } from '@runvoy/protocol';
import { Failure } from '../failure.ts';
import { parameterText } from './parameter-text.ts';
import type { Parameter } from './playbook.ts';

/**
 * The variables that a run of these parameters has. Values go into the environment and into no text that a shell reads, so that
 * nothing in them can become a command. Fails with `UNPROCESSABLE`, naming the parameter that is unknown, missing or does not fit.
 */
export async function parameterEnv(
  parameters: readonly Parameter[],
  given: Readonly<Record<string, ParameterValue>>,
): Promise<Readonly<Record<string, string>>> {
  const unknown = Object.keys(given).find((name) => !parameters.some((parameter) => parameter.name === name));
  if (unknown !== undefined) {
    const known = parameters.map(({ name }) => name).join(', ') || 'none';
    throw new Failure('UNPROCESSABLE', `There is no parameter ${unknown.slice(0, 80)}; there are: ${known}.`);
  }
  const env: (readonly [string, string])[] = [];
  for (const parameter of parameters) {
    const { name, variable, required, default: standing } = parameter;
    const value = Object.hasOwn(given, name) ? given[name] : standing;
    if (value !== undefined) env.push([variable, await parameterText(parameter, value)]);
    else if (required) throw new Failure('UNPROCESSABLE', `parameter ${name} is required.`);
  }
  return Object.fromEntries(env);
}
