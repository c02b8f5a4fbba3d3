import { readFileSync } from 'node:fs';

const DOCS = new URL('../../../docs/', import.meta.url);

/** The rows of the first table of a document in `docs/` whose head begins with these cells; the head itself is left out. */
export function documentedTable(name: string, ...head: readonly string[]): readonly (readonly string[])[] {
  const lines = readFileSync(new URL(name, DOCS), 'utf8').split('\n');
  const start = lines.findIndex((line) => line.startsWith('|') && head.every((cell, i) => cellsOf(line)[i] === cell));
  if (start < 0) throw new Error(`docs/${name} has no table that begins with ${head.join(' | ')}`);
  const rest = lines.slice(start + 2);
  const end = rest.findIndex((line) => !line.startsWith('|'));
  return rest.slice(0, end < 0 ? undefined : end).map(cellsOf);
}

/** Rows as a table a person can compare. */
export function printedTable(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function cellsOf(line: string): readonly string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());
}
