/** One piece of a filter: a parenthesis, an operator, a bare word, or a quoted text. */
export interface Token {
  readonly kind: 'paren' | 'operator' | 'word' | 'text';
  readonly value: string;
}

/** The filter is not in the language, or in a part of it that this fake does not understand. */
export class FilterProblem extends Error {}

const TOKEN = /\s*(?:([()])|(=~|!~|!=|>=|<=|[=<>:])|"((?:[^"\\]|\\.)*)"|(-?[\w./*%@][\w./*%@-]*|-))/y;

/** Takes a filter apart. A quoted part of a path (`labels."a/b"`) is joined to its path with a NUL between the parts. */
export function tokensOf(filter: string): readonly Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (filter.slice(TOKEN.lastIndex).trim() !== '') {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(filter);
    if (!match)
      throw new FilterProblem(`Unparseable filter: syntax error at column ${at + 1} of ${JSON.stringify(filter)}.`);
    const [, paren, operator, text, word] = match;
    const previous = tokens.at(-1);
    if (paren !== undefined) tokens.push({ kind: 'paren', value: paren });
    else if (operator !== undefined) tokens.push({ kind: 'operator', value: operator });
    else if (word !== undefined) tokens.push({ kind: 'word', value: word });
    else if (previous?.kind === 'word' && previous.value.endsWith('.') && isJoined(filter, at)) {
      tokens[tokens.length - 1] = { kind: 'word', value: `${previous.value.slice(0, -1)}\0${unquoted(text!)}` };
    } else tokens.push({ kind: 'text', value: unquoted(text!) });
  }
  return tokens;
}

function isJoined(filter: string, at: number): boolean {
  return filter[at] === '"';
}

function unquoted(text: string): string {
  return text.replace(/\\(.)/g, (_, character: string) => (/["\\]/.test(character) ? character : `\\${character}`));
}
