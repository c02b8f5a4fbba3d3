import { LIMITS, type ParameterType, type PlaybookParameter } from '@runvoy/protocol';
import { Failure, isFailure } from '../failure.ts';
import { looksSecret } from '../executions/secret-name.ts';
import { requireOwnVariable } from '../secrets/variable.ts';
import { parameterText } from './parameter-text.ts';
import { readPattern } from './pattern.ts';
import type { Parameter } from './playbook.ts';

const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;
/** What a shell can read. */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The bounds that a parameter of each type may have. */
const BOUNDS = {
  string: ['pattern', 'min_length', 'max_length'],
  integer: ['minimum', 'maximum'],
  number: ['minimum', 'maximum'],
  boolean: [],
  choice: ['choices'],
} as const satisfies Record<ParameterType, readonly (keyof PlaybookParameter)[]>;
const EVERY_BOUND = [...new Set(Object.values(BOUNDS).flat())];

/** The parameters of a playbook, checked. Fails with `UNPROCESSABLE`, naming the parameter and what is wrong with it. */
export async function newParameters(asked: readonly PlaybookParameter[]): Promise<readonly Parameter[]> {
  if (asked.length > LIMITS.parametersPerPlaybook) {
    refuse('parameters', `there are ${asked.length}; the limit is ${LIMITS.parametersPerPlaybook}.`);
  }
  const parameters = await Promise.all(asked.map(newParameter));
  for (const [index, { name, variable }] of parameters.entries()) {
    const before = parameters.slice(0, index);
    if (before.some((other) => other.name === name)) refuse(name, 'there are two parameters of this name.');
    const twin = before.find((other) => other.variable === variable);
    if (twin) refuse(name, `${variable} is the variable of ${twin.name} already; give it another "variable".`);
  }
  return parameters;
}

async function newParameter(asked: PlaybookParameter): Promise<Parameter> {
  const { name, type } = asked;
  const where = name.slice(0, 80);
  if (!NAME.test(name)) {
    refuse('parameters', `"${where}" is no name: a letter, then at most 62 letters, digits, "_" and "-".`);
  }
  const variable = asked.variable ?? name.toUpperCase().replaceAll('-', '_');
  requireParameterVariable(name, variable);
  requireText(name, 'description', asked.description, LIMITS.descriptionChars);
  const bounds: readonly string[] = BOUNDS[type];
  const odd = EVERY_BOUND.find((bound) => asked[bound] !== undefined && !bounds.includes(bound));
  if (odd !== undefined) refuse(name, `${odd} is nothing that a ${type} has.`);
  requireOrder(name, 'min_length', asked.min_length ?? 0, 'max_length', asked.max_length);
  requireOrder(name, 'minimum', asked.minimum, 'maximum', asked.maximum);
  if (asked.min_length !== undefined && asked.min_length < 0) refuse(name, 'min_length is 0 or more.');
  if (type === 'choice') requireChoices(name, asked.choices ?? []);
  if (asked.pattern !== undefined) {
    requireText(name, 'pattern', asked.pattern, LIMITS.patternChars);
    await readPattern(asked.pattern, `parameter ${where}`);
  }
  const parameter = withoutAbsent({ ...asked, variable });
  await requireDefault(parameter);
  return parameter;
}

async function requireDefault(parameter: Parameter): Promise<void> {
  const { name, required, default: standing, variable } = parameter;
  if (standing === undefined) return;
  if (required) refuse(name, 'what has a default is never missing: leave out "required" or "default".');
  if (looksSecret(variable)) refuse(name, `${variable} looks like a secret: a default is read by everybody.`);
  await parameterText(parameter, standing).catch((error: unknown) => {
    if (isFailure(error, 'UNPROCESSABLE')) refuse(name, `its default does not fit. ${error.message}`);
    throw error;
  });
}

function requireParameterVariable(name: string, variable: string): void {
  if (!VARIABLE.test(variable)) {
    refuse(name, `"${variable.slice(0, 80)}" is no variable that a shell can read: letters, digits and "_".`);
  }
  // Sizes and names that the platform keeps for itself.
  requireOwnVariable(variable, `parameter ${name.slice(0, 80)}`);
}

function requireChoices(name: string, choices: readonly string[]): void {
  if (choices.length === 0) refuse(name, 'a choice needs choices.');
  if (choices.length > LIMITS.choicesPerParameter) {
    refuse(name, `it has ${choices.length} choices; the limit is ${LIMITS.choicesPerParameter}.`);
  }
  if (new Set(choices).size < choices.length) refuse(name, 'it has one choice twice.');
  const odd = choices.find((choice) => choice.length > LIMITS.choiceChars || choice.includes('\0'));
  if (odd !== undefined) refuse(name, `a choice has at most ${LIMITS.choiceChars} characters, and no NUL among them.`);
}

function requireOrder(name: string, low: string, least: number | undefined, high: string, most: number | undefined) {
  if (least !== undefined && most !== undefined && least > most) refuse(name, `${low} is above ${high}: nothing fits.`);
}

function requireText(name: string, field: string, text: string | undefined, limit: number): void {
  if (text !== undefined && text.length > limit) {
    refuse(name, `${field} is ${text.length} characters; the limit is ${limit}.`);
  }
}

function withoutAbsent(parameter: Parameter): Parameter {
  return Object.fromEntries(
    Object.entries(parameter).filter(([, value]) => value !== undefined),
  ) as unknown as Parameter;
}

function refuse(name: string, what: string): never {
  throw new Failure('UNPROCESSABLE', `parameter ${name.slice(0, 80)}: ${what}`);
}
