import type { ExplainBody } from '@runvoy/protocol';

/** A sentence of an explanation, with the moment it is about where it is about one. */
export interface ExplainSentence {
  /** RFC 3339. */
  readonly at?: string | undefined;
  readonly text: string;
}

export interface ExplainSection {
  readonly title: string;
  readonly sentences: readonly ExplainSentence[];
}

/** The title of what everything else was made of: sentences with times. */
export const KNOWN_TITLE = 'What is known of it';

/** An explanation in sections for a reader, those left out that have nothing to say. Everything known comes after what is made of it. */
export function explainSections(body: ExplainBody): readonly ExplainSection[] {
  const { waiting_for: waiting } = body;
  const waits = waiting ? [{ at: waiting.since, text: `${waiting.text} ${waiting.to_do}` }] : [];
  const sections: readonly (readonly [string, readonly ExplainSentence[]])[] = [
    ['What happened', paragraph(body.happened)],
    ['What to do', paragraph(body.to_do)],
    ['How its end was judged', paragraph(body.rule)],
    ['What it waits for, and since when', waits],
    ['What comes next', body.next ?? []],
    [KNOWN_TITLE, body.evidence],
    ['What must not happen and did', body.faults],
    ["What the platform's own log says", body.platform_notes],
  ];
  return sections.flatMap(([title, sentences]) => {
    if (sentences.length === 0) return [];
    return [{ title, sentences: sentences.map(({ at, text }) => ({ at, text })) }];
  });
}

function paragraph(text: string | undefined): readonly ExplainSentence[] {
  return text === undefined ? [] : [{ text }];
}
