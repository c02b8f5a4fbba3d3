import type { ExplainBody } from '@runvoy/protocol';
import { explainSections, KNOWN_TITLE } from '@runvoy/sdk/texts';
import { oneLine } from './one-line.ts';
import { wrapped } from './wrapped.ts';

/**
 * An explanation for a person. On a terminal its lines do not wrap, and of times the date is left out where it is the day of the
 * first one; to a pipe each sentence is a line with its whole time. All times are UTC.
 */
export function explainText(body: ExplainBody, columns?: number): readonly string[] {
  const day = body.evidence[0]?.at.slice(0, 10) ?? '';
  const sections = explainSections(body).flatMap(({ title, sentences }) => [
    '',
    title === KNOWN_TITLE ? `${title} (times are UTC)` : title,
    ...sentences.flatMap(({ at, text }) => sentenceLines(timeText(at, day, columns), text, columns)),
  ]);
  return [`${oneLine(body.execution_id)}  ${oneLine(`${body.status}: ${body.summary}`)}`, ...sections];
}

function timeText(at: string | undefined, day: string, columns: number | undefined): string {
  if (at === undefined) return '';
  return columns !== undefined && at.startsWith(day) ? at.slice(11, 23) : at;
}

function sentenceLines(time: string, text: string, columns: number | undefined): readonly string[] {
  const head = time === '' ? '  ' : `  ${time}  `;
  if (columns === undefined) return [`${head}${oneLine(text)}`];
  const [first = '', ...rest] = wrapped(oneLine(text), columns, ' '.repeat(head.length));
  return [head + first.slice(head.length), ...rest];
}
