import { Failure } from '../failure.ts';

/** Whether a whole text matches. */
export type Pattern = (text: string) => boolean;

/**
 * Reads an RE2 expression. Whoever may write a playbook may write one, and V8's own engine takes exponential time for some: this one
 * takes time that grows with the text. Fails with `UNPROCESSABLE`, naming `where`, when it is none.
 */
export async function readPattern(source: string, where: string): Promise<Pattern> {
  // Loaded by the first pattern there is: most processes never see one.
  const { RE2JS } = await import('re2js');
  try {
    const compiled = RE2JS.compile(source);
    return (text) => compiled.testExact(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure('UNPROCESSABLE', `${where}: pattern is no RE2 expression: ${why.slice(0, 200)}`);
  }
}
