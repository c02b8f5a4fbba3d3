import { readFileSync } from 'node:fs';

/** The environment a process was started with; passed in, never read from `process.env` deeper in. */
export type Env = Readonly<Record<string, string | undefined>>;

/** Reads one variable: its value, or the sentence that says what is wrong with it. */
export type ConfigField<T> = (name: string, value: string | undefined) => { value: T } | { problem: string };

export type ConfigTable = Readonly<Record<string, readonly [variable: string, field: ConfigField<unknown>]>>;
/** What a table reads to. */
export type ConfigOf<Table extends ConfigTable> = {
  readonly [Key in keyof Table]: Table[Key][1] extends ConfigField<infer T> ? T : never;
};

/** All that is wrong with the configuration, one line each. */
export class ConfigProblems extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigProblems';
    this.problems = problems;
  }
}

/**
 * Reads every variable of the table; throws `ConfigProblems` naming all that are wrong at once. `relations` says what is right by
 * itself and wrong together; it gets what could be read, so that its problems stand beside the others.
 */
export function readConfig<const Table extends ConfigTable>(
  env: Env,
  table: Table,
  relations: (read: Partial<ConfigOf<Table>>) => readonly string[] = () => [],
): ConfigOf<Table> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, [variable, field]] of Object.entries(table)) {
    const read = field(variable, emptyIsUnset(env[variable]));
    if ('problem' in read) problems.push(read.problem);
    else values[key] = read.value;
  }
  problems.push(...relations(values as Partial<ConfigOf<Table>>));
  if (problems.length > 0) throw new ConfigProblems(problems);
  return values as ConfigOf<Table>;
}

/** `X=` in a shell means "not set" to whoever writes it. */
function emptyIsUnset(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

/** A text; required unless it has a fallback. */
export function text(options: { readonly fallback?: string; readonly example?: string }): ConfigField<string> {
  return (name, value) => {
    if (value !== undefined) return { value };
    if (options.fallback !== undefined) return { value: options.fallback };
    return { problem: `${name} is not set. Example: ${name}=${options.example ?? 'value'}` };
  };
}

/** A whole number within bounds, or absent. */
export function optionalInteger(bounds: {
  readonly min: number;
  readonly max: number;
}): ConfigField<number | undefined> {
  return (name, value) => {
    if (value === undefined) return { value: undefined };
    const number = /^\d+$/.test(value) ? Number(value) : NaN;
    if (number >= bounds.min && number <= bounds.max) return { value: number };
    return { problem: `${name} must be a whole number between ${bounds.min} and ${bounds.max}; got "${value}".` };
  };
}

/** A whole number within bounds. */
export function integer(options: {
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
}): ConfigField<number> {
  const read = optionalInteger(options);
  return (name, value) => {
    const result = read(name, value);
    return 'problem' in result ? result : { value: result.value ?? options.fallback };
  };
}

/** A whole number as data: its variable, its bounds, and what holds when it is not set. */
export interface IntegerSetting {
  readonly variable: string;
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
}

/** Rows of a table from settings that several tables share; `changed` is in what this one differs. */
export function integers<const Settings extends Readonly<Record<string, IntegerSetting>>>(
  settings: Settings,
  changed: { readonly [Key in keyof Settings]?: Partial<Omit<IntegerSetting, 'variable'>> } = {},
): { readonly [Key in keyof Settings]: readonly [variable: string, field: ConfigField<number>] } {
  const rows = Object.entries(settings).map(([key, setting]) => [
    key,
    [setting.variable, integer({ ...setting, ...changed[key] })],
  ]);
  return Object.fromEntries(rows);
}

/** `true` or `false`. */
export function flag(fallback: boolean): ConfigField<boolean> {
  return (name, value) => {
    if (value === undefined) return { value: fallback };
    if (value === 'true' || value === 'false') return { value: value === 'true' };
    return { problem: `${name} must be true or false; got "${value}".` };
  };
}

/** One of a few words, in any case. */
export function oneOf<const Choice extends string>(choices: readonly Choice[], fallback: Choice): ConfigField<Choice> {
  return (name, value) => {
    if (value === undefined) return { value: fallback };
    const found = choices.find((choice) => choice.toLowerCase() === value.toLowerCase());
    if (found !== undefined) return { value: found };
    return { problem: `${name} must be one of ${choices.join(', ')}; got "${value}".` };
  };
}

/** A comma list; empty entries are dropped. */
export const list: ConfigField<readonly string[]> = (_, value) => ({
  value: (value ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== ''),
});

/**
 * JSON, given as it is or in a file whose path is given; absent when not set. `read` says what is wrong with it, all at once.
 */
export function optionalJson<T>(
  read: (given: unknown) => { readonly value: T } | { readonly problems: readonly string[] },
): ConfigField<T | undefined> {
  return (name, value) => {
    if (value === undefined) return { value: undefined };
    const isInline = value.trimStart().startsWith('{');
    try {
      const result = read(JSON.parse(isInline ? value : readFileSync(value, 'utf8')));
      return 'value' in result ? result : { problem: result.problems.map((each) => `${name} ${each}.`).join('\n') };
    } catch (error) {
      const where = isInline ? '' : ` in ${value}`;
      return { problem: `${name} could not be read as JSON${where}: ${(error as Error).message}` };
    }
  };
}
