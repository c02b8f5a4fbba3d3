import { compare } from './comparison.ts';
import type { EntryTest } from './comparison.ts';
import { FilterProblem, tokensOf } from './filter-tokens.ts';
import type { Token } from './filter-tokens.ts';

export type { EntryTest } from './comparison.ts';
export { FilterProblem } from './filter-tokens.ts';

const FIELDS = [
  'logName',
  'resource',
  'insertId',
  'timestamp',
  'receiveTimestamp',
  'severity',
  'labels',
  'textPayload',
  'jsonPayload',
  'protoPayload',
  'httpRequest',
  'operation',
  'sourceLocation',
  'trace',
  'spanId',
];

/**
 * Reads a filter of the Logging query language (https://cloud.google.com/logging/docs/view/logging-query-language): comparisons,
 * AND (also left out), OR (which binds tighter), NOT and parentheses. Throws `FilterProblem` for anything else: bare search terms
 * and functions are not understood here, and half an understanding would let wrong entries through.
 */
export function readFilter(filter: string): EntryTest {
  if (filter.length > 20_000) throw new FilterProblem('A filter has at most 20,000 characters.');
  const reader = new FilterReader(tokensOf(filter));
  return reader.isAtEnd ? () => true : reader.whole();
}

class FilterReader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  whole(): EntryTest {
    const test = this.#and();
    if (!this.isAtEnd) throw this.#unexpected();
    return test;
  }

  #and(): EntryTest {
    const tests = [this.#or()];
    while (!this.isAtEnd && !this.#is('paren', ')')) {
      if (this.#is('word', 'AND')) this.#at++;
      tests.push(this.#or());
    }
    return (entry) => tests.every((test) => test(entry));
  }

  #or(): EntryTest {
    const tests = [this.#not()];
    while (this.#is('word', 'OR')) {
      this.#at++;
      tests.push(this.#not());
    }
    return (entry) => tests.some((test) => test(entry));
  }

  #not(): EntryTest {
    if (!this.#is('word', 'NOT') && !this.#is('word', '-')) return this.#primary();
    this.#at++;
    const test = this.#primary();
    return (entry) => !test(entry);
  }

  #primary(): EntryTest {
    if (!this.#is('paren', '(')) return this.#comparison();
    this.#at++;
    const test = this.#and();
    if (!this.#is('paren', ')')) throw this.#unexpected();
    this.#at++;
    return test;
  }

  #comparison(): EntryTest {
    const [field, operator, value] = this.#tokens.slice(this.#at, this.#at + 3);
    if (field?.kind !== 'word' || operator?.kind !== 'operator') throw this.#unexpected();
    if (value?.kind !== 'text' && value?.kind !== 'word') throw this.#unexpected();
    this.#at += 3;
    const isNegated = field.value.startsWith('-');
    const path = pathOf(isNegated ? field.value.slice(1) : field.value);
    const test = compare(path, operator.value, value);
    return isNegated ? (entry) => !test(entry) : test;
  }

  #is(kind: Token['kind'], value: string): boolean {
    const token = this.#tokens[this.#at];
    return token?.kind === kind && token.value === value;
  }

  #unexpected(): FilterProblem {
    const token = this.#tokens[this.#at];
    const what = token ? JSON.stringify(token.value) : 'the end';
    return new FilterProblem(`Unparseable filter: this fake understands only comparisons, and found ${what}.`);
  }
}

function pathOf(text: string): readonly string[] {
  const [plain, ...quoted] = text.split('\0');
  const path = [...plain!.split('.').filter(Boolean), ...quoted];
  if (!FIELDS.includes(path[0]!)) throw new FilterProblem(`Field not found: '${path[0]}'.`);
  return path;
}
