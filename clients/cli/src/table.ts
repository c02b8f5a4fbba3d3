import { cutToWidth, displayWidth } from './display-width.ts';

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** It gives way when a line would be too long, down to `least` columns; those of a lower `turn` give way first. */
  readonly cuts?: { readonly turn: number; readonly least: number };
}

const GAP = '  ';

/** Nothing is cut in a pipe; a cell that is wider than this moves what follows in its own row, and not in all others. */
const WIDEST = 40;

/** Lines of a table. With `width` no line is longer than a terminal of so many columns, as far as the cutting columns allow. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width?: number,
): readonly string[] {
  const widths = naturalWidths(columns, rows);
  const turns = columns.flatMap(({ cuts }, at) => (cuts ? [{ at, ...cuts }] : [])).toSorted((a, b) => a.turn - b.turn);
  for (const { at, least } of turns) {
    const natural = widths[at] ?? 0;
    if (width === undefined) widths[at] = Math.min(natural, WIDEST);
    else widths[at] = Math.max(Math.min(natural, least), natural - Math.max(0, lineWidth(widths) - width));
  }
  return [columns.map(({ title }) => title), ...rows].map((row) => {
    const cells = row.map((cell, at) =>
      padded(columns[at]?.cuts && width !== undefined ? cutToWidth(cell, widths[at] ?? 0) : cell, widths[at]),
    );
    return cells.join(GAP).trimEnd();
  });
}

/** The narrowest these rows can be shown: every cutting column cut as far as it may be. */
export function leastWidth(columns: readonly Column[], rows: readonly (readonly string[])[]): number {
  const widths = naturalWidths(columns, rows);
  return lineWidth(widths.map((natural, at) => Math.min(natural, columns[at]?.cuts?.least ?? natural)));
}

function naturalWidths(columns: readonly Column[], rows: readonly (readonly string[])[]): number[] {
  return columns.map(({ title }, at) =>
    Math.max(displayWidth(title), ...rows.map((row) => displayWidth(row[at] ?? ''))),
  );
}

function lineWidth(widths: readonly number[]): number {
  return widths.reduce((sum, each) => sum + each, GAP.length * (widths.length - 1));
}

function padded(text: string, width = 0): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}
