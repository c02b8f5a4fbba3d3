import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A block of commands on a page. */
export interface CommandBlock {
  readonly page: string;
  /** Line of the page, from 1, on which its first command stands. */
  readonly line: number;
  readonly text: string;
  /** Why it cannot be run by a test: `not-run="..."` behind `sh`. */
  readonly notRun?: string;
}

/** Every block of shell commands of the README and the documents, in the order of reading. */
export function commandBlocks(): readonly CommandBlock[] {
  return pages().flatMap((page) => blocksOf(page, readFileSync(join(ROOT, page), 'utf8')));
}

function pages(): readonly string[] {
  const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' });
  const below = docs.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`);
  return ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'benchmarks/README.md', ...below.toSorted()];
}

/** `sh`, `bash` and `console` are commands; other languages are not for a shell. */
export function blocksOf(page: string, text: string): readonly CommandBlock[] {
  return [...text.matchAll(/^```(?:sh|bash|console|shell)\b([^\n]*)\n([^]*?)^```$/gm)].map((match) => {
    const [, info = '', body = ''] = match;
    const notRun = /not-run="([^"]+)"/.exec(info)?.[1];
    const line = text.slice(0, match.index).split('\n').length + 1;
    return { page, line, text: body, ...(notRun === undefined ? {} : { notRun }) };
  });
}
