import type { DeadLetterBody } from '@runvoy/protocol';
import { oneLine } from './one-line.ts';
import { startedText } from './started-text.ts';
import { tableLines } from './table.ts';

const COLUMNS = [
  { title: 'Dead letter' },
  { title: 'Put aside' },
  { title: 'Times' },
  { title: 'Type', cuts: { turn: 2, least: 12 } },
  { title: 'Reason', cuts: { turn: 1, least: 16 } },
];

/** Dead letters as a table. `terminal`: for a person who looks now; otherwise everything, uncut, in UTC. */
export function deadLetterTable(
  letters: readonly DeadLetterBody[],
  terminal?: { readonly columns: number; readonly nowMs: number },
): readonly string[] {
  const rows = letters.map(({ dead_letter_id, died_at, deaths, type, reason }) =>
    [dead_letter_id, startedText(died_at, terminal?.nowMs), String(deaths), type, reason].map(oneLine),
  );
  return tableLines(COLUMNS, rows, terminal?.columns);
}
