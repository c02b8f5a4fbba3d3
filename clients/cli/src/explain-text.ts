import type { ExplainBody } from '@runvoy/protocol';
import { oneLine } from './one-line.ts';
import { wrapped } from './wrapped.ts';

/** A part of an explanation: a paragraph, or sentences with a time. */
type Sentence = readonly [at: string | undefined, text: string];

/**
 * An explanation for a person. On a terminal its lines do not wrap, and of times the date is left out where it is the day of the
 * first one; to a pipe each sentence is a line with its whole time. All times are UTC.
 */
export function explainText(body: ExplainBody, columns?: number): readonly string[] {
  const day = body.evidence[0]?.at.slice(0, 10) ?? '';
  const section = (title: string, sentences: readonly Sentence[]): readonly string[] => {
    if (sentences.length === 0) return [];
    return ['', title, ...sentences.flatMap(([at, text]) => sentenceLines(timeText(at, day, columns), text, columns))];
  };
  const { waiting_for: waiting } = body;
  return [
    `${oneLine(body.execution_id)}  ${oneLine(`${body.status}: ${body.summary}`)}`,
    ...section('What happened', paragraphs(body.happened)),
    ...section('What to do', paragraphs(body.to_do)),
    ...section('How its end was judged', paragraphs(body.rule)),
    ...section(
      'What it waits for, and since when',
      waiting ? [[waiting.since, `${waiting.text} ${waiting.to_do}`]] : [],
    ),
    ...section(
      'What comes next',
      (body.next ?? []).map(({ at, text }) => [at, text]),
    ),
    ...section(
      'What is known of it (times are UTC)',
      body.evidence.map(({ at, text }) => [at, text]),
    ),
    ...section(
      'What must not happen and did',
      body.faults.map(({ at, text }) => [at, text]),
    ),
    ...section(
      "What the platform's own log says",
      body.platform_notes.map(({ at, text }) => [at, text]),
    ),
  ];
}

function paragraphs(text: string | undefined): readonly Sentence[] {
  return text === undefined ? [] : [[undefined, text]];
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
