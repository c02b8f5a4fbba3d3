import { expect } from '@jest/globals';
import type { LogEnding } from './log-fault-cases.ts';
import type { SeenRun } from './run-readers.ts';

/** What the command wrote to its standard output, known before it began. */
export const numbered = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `line ${at + 1}`);

/**
 * Fails unless a reader was shown exactly what the command wrote, once and in order, or was told what is missing. `ending` is what the
 * case is allowed to come to.
 */
export function judgeReader(seen: SeenRun, written: readonly string[], ending: LogEnding): void {
  const { form, wrong, lines, gaps, completeness } = seen;
  const output = lines.filter(
    ({ stream, text }) => (stream ?? (text.startsWith('line ') ? 'stdout' : '')) === 'stdout',
  );
  const texts = output.map(({ text }) => text);
  expect({ form, wrong }).toEqual({ form, wrong: [] });
  if (completeness === 'complete') {
    expect({ form, texts, gaps }).toEqual({ form, texts: written, gaps: [] });
    return;
  }
  if (completeness !== undefined) expect({ form, ending }).toEqual({ form, ending: 'named' });
  // Bare frames say nothing of the whole: where it has to be whole, it is.
  if (ending === 'whole') expect({ form, texts }).toEqual({ form, texts: written });
  // Whatever is missing in the middle was named; what was shown is what was written at that place.
  const numbers = texts.map((text) => Number(text.slice('line '.length)));
  expect({ form, numbers }).toEqual({ form, numbers: numbers.toSorted((a, b) => a - b) });
  expect(new Set(numbers).size).toBe(numbers.length);
  if (gaps.length === 0) expect({ form, texts }).toEqual({ form, texts: written.slice(0, texts.length) });
}
