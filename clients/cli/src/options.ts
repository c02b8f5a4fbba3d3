/** One option of a command line, as the table of commands states it. */
export interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
  /** What the value is called in the help. */
  readonly value?: string;
  readonly text: string;
  /** The verbs of its command that it goes with, '' for none of them; with all unless told. */
  readonly verbs?: readonly string[];
}

export type OptionTable = Readonly<Record<string, Option>>;

/** What the help says of it: which verbs it is for, and what it does. */
export function optionText({ verbs = [], text }: Option): string {
  const named = verbs.filter((verb) => verb !== '');
  return named.length === 0 ? text : `${named.join(', ')}: ${text}`;
}

/** These options for these verbs alone. */
export function onlyFor(verbs: readonly string[], table: OptionTable): OptionTable {
  return Object.fromEntries(Object.entries(table).map(([name, option]) => [name, { ...option, verbs }]));
}

type Given = string | boolean | readonly (string | boolean)[] | undefined;

/** The options as given. */
export class Options {
  readonly #given: Readonly<Record<string, Given>>;

  constructor(given: Readonly<Record<string, Given>>) {
    this.#given = given;
  }

  flag(name: string): boolean {
    return this.#given[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.#given[name];
    return typeof value === 'string' ? value : undefined;
  }

  texts(name: string): readonly string[] {
    const value = this.#given[name];
    return Array.isArray(value) ? value.map(String) : [];
  }
}
