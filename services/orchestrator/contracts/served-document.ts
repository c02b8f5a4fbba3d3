import type { OpenApiDocument } from '../src/openapi/openapi-types.ts';
import { documentedAnswers, type Answer, type DocumentedAnswers } from './documented-answers.ts';
import { isOfFrontEnd } from './front-end-answer.ts';

/** One for each document: to make them takes longer than to ask. */
const made = new Map<string, DocumentedAnswers>();

/** Holds answers of a server against the document that it serves itself; fails naming the operation and what is not in it. */
export function servedDocument(apiUrl: string): { check(answer: Answer): Promise<void> } {
  let asked: Promise<DocumentedAnswers> | undefined;
  const answers = async () => {
    const text = await (await fetch(`${apiUrl}/api/v1/openapi.json`)).text();
    const known = made.get(text) ?? documentedAnswers(JSON.parse(text) as OpenApiDocument);
    made.set(text, known);
    return known;
  };
  return {
    async check(answer) {
      if (isOfFrontEnd(answer)) return;
      asked ??= answers();
      // A server that was killed meanwhile is asked again: the next one is another.
      const known = await asked.catch(() => (asked = undefined));
      const problems = known?.problemsOf(answer) ?? [];
      if (problems.length > 0) throw new Error(`Not as the OpenAPI document says:\n${problems.join('\n')}`);
    },
  };
}
