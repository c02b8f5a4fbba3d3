import { explainExecution, REASON_TEXTS, waitingFor, WAITING_TEXTS } from '@runvoy/core';
import type { Reason, WaitingFor } from '@runvoy/protocol';
import { explainText } from '../../clients/cli/src/explain-text.ts';
import type { History } from './history.ts';
import { REASON_EXAMPLES } from './reason-examples.ts';
import { WAITING_EXAMPLES } from './waiting-examples.ts';

const INTRODUCTION = `# Why a run is as it is

\`runvoy explain <execution-id>\` says why a run is in its state: what happened and what to do, what it waits for and what
comes next, and everything that is known of it. \`GET /api/v1/executions/{id}/explain\` answers the same as JSON. Lists and
status lines carry the first sentence of it as \`reason_text\`.

This page shows each reason and each wait there is, in the words of the table that the server answers from
(\`libs/core/src/executions/reason-texts.ts\` and \`waiting-texts.ts\`). The examples are the answers of the code itself to an
imagined run. \`node tools/write-reasons.ts\` writes the page; a test fails when it is not in step.

Four words stand for something of runvoy's own:

- **The platform** is what runs the containers or processes: Cloud Run, or the machine that the server is on.
- **The runner** is a small program beside every command. It fetches the command from the server, starts it, sends what it
  prints, and reports how it ended.
- **The backup copy of the log** is written where the platform keeps it, so that a run whose runner could not reach the
  server is not lost.
- **A look** is a question to the platform about one run. The server looks at every run that has not ended once a minute
  (every 10 seconds on one machine), and whenever the platform tells of a change.
`;

/** What `docs/reasons.md` has to be. */
export function reasonsPage(): string {
  return [
    INTRODUCTION,
    '## Why a run failed\n',
    overview('reason', Object.entries(REASON_TEXTS).toSorted(byWord)),
    'A run that failed without one of these words ended by itself, with the exit code that is shown.\n',
    '## What a run waits for\n',
    overview('waiting_for', Object.entries(WAITING_TEXTS).toSorted(byWord)),
    'A run that waits for nothing is running its command.\n',
    '## Each reason, with an example\n',
    ...words(REASON_TEXTS).map((word) => reasonSection(word, exampleIn(REASON_EXAMPLES, word))),
    '## Each wait, with an example\n',
    ...words(WAITING_TEXTS).map((word) => waitingSection(word, exampleIn(WAITING_EXAMPLES, word))),
  ].join('\n');
}

function exampleIn<Word extends string>(
  examples: Readonly<Partial<Record<Word, () => History>>>,
  word: Word,
): History | undefined {
  return examples[word]?.();
}

function words<Word extends string>(examples: Readonly<Record<Word, unknown>>): readonly Word[] {
  return (Object.keys(examples) as Word[]).toSorted();
}

function byWord([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function overview(head: string, rows: readonly (readonly [string, { readonly summary: string }])[]): string {
  const table = [[`\`${head}\``, 'in short'], ...rows.map(([word, { summary }]) => [`\`${word}\``, summary])];
  const widths = [0, 1].map((column) => Math.max(...table.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at]!)).join(' | ')} |`;
  const [first, ...rest] = table;
  return `${[line(first!), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rest.map(line)].join('\n')}\n`;
}

function reasonSection(word: Reason, example: History | undefined): string {
  if (example && example.execution.reason !== word) {
    throw new Error(`The example of ${word} ends with ${example.execution.reason ?? 'no reason'}.`);
  }
  const { happened, to_do } = REASON_TEXTS[word];
  return section(`reason: ${word}`, [happened, `**What to do:** ${to_do}`], example);
}

function waitingSection(word: WaitingFor, example: History | undefined): string {
  const shown = example && waitingFor(example.execution);
  if (example && shown !== word) throw new Error(`The example of ${word} waits for ${shown ?? 'nothing'}.`);
  const { happening, to_do } = WAITING_TEXTS[word];
  return section(`waiting_for: ${word}`, [happening, `**What to do:** ${to_do}`], example);
}

function section(title: string, paragraphs: readonly string[], example: History | undefined): string {
  const answered = example ? [answer(example)] : [];
  return [`### ${title}\n`, ...paragraphs.map((text) => `${text}\n`), ...answered].join('\n');
}

const MINUTE_MS = 60_000;
const COLUMNS = 100;
const START_TIMEOUT_MS = 600_000;

/** What the command line shows of it. What the texts above say already is left out. */
function answer({ execution, nowMs }: History): string {
  const nextLookMs = (Math.floor(nowMs / MINUTE_MS) + 1) * MINUTE_MS;
  const {
    happened: _,
    to_do: __,
    ...body
  } = explainExecution(execution, { nowMs, nextLookMs, startTimeoutMs: START_TIMEOUT_MS });
  return `\`\`\`\n${explainText(body, COLUMNS).join('\n')}\n\`\`\`\n`;
}
