import { Failure } from '../failure.ts';

/** Finds one thing in texts. */
export interface TextMatcher {
  /** So much of a long line is looked at at once, in characters. */
  readonly stretch: number;
  /** So much of it is looked at again with what follows: a match that is no longer is never cut. */
  readonly overlap: number;
  /** The first match that begins at `from` or behind it: where it begins, and where it is over. */
  next(text: string, from: number): readonly [start: number, end: number] | undefined;
}

/** What is looked for. */
export interface SearchTerm {
  readonly q: string;
  readonly regex: boolean;
  readonly ignoreCase: boolean;
}

/** The pieces in which long lines are stored are shorter; and colours may stand between the characters of a match. */
const TEXT_BOUNDS = { stretch: 64 * 1024, overlap: 1024 };

/** Finds a text, or what an RE2 expression describes. Fails with `UNPROCESSABLE` when it is no expression, or a very large one. */
export async function readMatcher({ q, regex, ignoreCase }: SearchTerm): Promise<TextMatcher> {
  if (regex) return expressionMatcher(q, ignoreCase);
  if (!ignoreCase) {
    return {
      ...TEXT_BOUNDS,
      next(text, from) {
        const at = text.indexOf(q, from);
        return at < 0 ? undefined : [at, at + q.length];
      },
    };
  }
  // V8's own engine is safe here: without operators there is nothing to go back to.
  return regExpMatcher(new RegExp(RegExp.escape(q), 'giu'), TEXT_BOUNDS);
}

/** The same over V8's own engine, for expressions of ours. `expression` is global. */
export function regExpMatcher(
  expression: RegExp,
  bounds: Pick<TextMatcher, 'stretch' | 'overlap'>,
  isMeant: (text: string, start: number, end: number) => boolean = () => true,
): TextMatcher {
  return {
    ...bounds,
    next(text, from) {
      expression.lastIndex = from;
      for (let match = expression.exec(text); match; match = expression.exec(text)) {
        const end = match.index + match[0].length;
        if (isMeant(text, match.index, end)) return [match.index, end];
      }
      return undefined;
    },
  };
}

/**
 * RE2's time grows with the text times the size of the program, and a million lines are many: a larger one could stand in everybody's
 * way. That of `timeout after \d+` is 18.
 */
const PROGRAM_SIZE = 200;

/** Where a match begins and ends costs far more than whether there is one, so an expression sees less of a line at once. */
const EXPRESSION_BOUNDS = { stretch: 8 * 1024, overlap: 1024 };

async function expressionMatcher(source: string, ignoreCase: boolean): Promise<TextMatcher> {
  // Loaded by the first search with one.
  const { RE2JS } = await import('re2js');
  let compiled: InstanceType<typeof RE2JS>;
  try {
    compiled = RE2JS.compile(source, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    // How the library asks for either case; nobody wrote it.
    const said = ignoreCase ? why.replace('`(?i)', '`') : why;
    throw new Failure('UNPROCESSABLE', `q is no RE2 expression: ${said.slice(0, 200)}`);
  }
  const size = compiled.programSize();
  if (size > PROGRAM_SIZE) {
    throw new Failure(
      'UNPROCESSABLE',
      `q is too large an expression: its program has ${size} steps, ${PROGRAM_SIZE} at most. Counted repetitions such as {50} multiply.`,
    );
  }
  let known = '';
  let mayMatch = true;
  return {
    ...EXPRESSION_BOUNDS,
    next(text, from) {
      // Whether there is any match at all is cheap, and of most lines it is all that is asked.
      if (text !== known || from === 0) mayMatch = compiled.test(text);
      known = text;
      const matcher = mayMatch ? compiled.matcher(text) : undefined;
      return matcher?.find(from) ? [matcher.start(), matcher.end()] : undefined;
    },
  };
}
