import { cutToWidth, displayWidth } from './display-width.ts';

/** A column of a table; `cuts`: it gives way when the line would be too long. */
export interface Column {
  readonly title: string;
  readonly cuts?: true;
}

const GAP = '  ';
const LEAST_COLUMNS = 12;

/** Lines of a table. With `width` no line is longer than a terminal of so many columns, as far as the cutting column allows. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width?: number,
): readonly string[] {
  const all = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, at) => Math.max(...all.map((row) => displayWidth(row[at] ?? ''))));
  const cutting = columns.findIndex(({ cuts }) => cuts);
  if (width !== undefined && cutting >= 0) {
    const total = widths.reduce((sum, each) => sum + each, GAP.length * (columns.length - 1));
    const least = Math.min(widths[cutting] ?? 0, LEAST_COLUMNS);
    widths[cutting] = Math.max(least, (widths[cutting] ?? 0) - Math.max(0, total - width));
  }
  return all.map((row) => {
    const cells = row.map((cell, at) => padded(at === cutting ? cutToWidth(cell, widths[at] ?? 0) : cell, widths[at]));
    return cells.join(GAP).trimEnd();
  });
}

function padded(text: string, width = 0): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}
