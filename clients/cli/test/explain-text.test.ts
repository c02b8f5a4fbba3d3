import { expect, test } from '@jest/globals';
import type { ExplainBody } from '@runvoy/protocol';
import { displayWidth } from '../src/display-width.ts';
import { explainText } from '../src/explain-text.ts';
import { wrapped } from '../src/wrapped.ts';

const body: ExplainBody = {
  execution_id: '3f9a0c7d52e14b86a1c0d94e7f2b6835',
  status: 'FAILED',
  summary: 'its runner was lost before it could report',
  reason: 'lost',
  happened: 'The runner ended without a report, and nobody knows how the command ended.',
  to_do: 'Run it again if it may be repeated.',
  rule: 'Nothing of it has been alive since 12:00:05 UTC.',
  evidence: [
    { at: '2030-01-01T23:59:59.500Z', kind: 'requested', text: 'ann@example.com asked for this run.' },
    { at: '2030-01-02T00:00:05.000Z', kind: 'settled', text: 'With \u001b[31mthat\u001b[0m its end\nwas settled.' },
  ],
  faults: [],
  platform_notes: [{ platform_execution: 'p', text: 'One entry was printed past its runner.' }],
};

test('on a terminal it is told in parts, and a date only where the day is another', () => {
  expect(explainText(body, 60)).toEqual([
    '3f9a0c7d52e14b86a1c0d94e7f2b6835  FAILED: its runner was lost before it could report',
    '',
    'What happened',
    '  The runner ended without a report, and nobody knows how',
    '  the command ended.',
    '',
    'What to do',
    '  Run it again if it may be repeated.',
    '',
    'How its end was judged',
    '  Nothing of it has been alive since 12:00:05 UTC.',
    '',
    'What is known of it (times are UTC)',
    '  23:59:59.500  ann@example.com asked for this run.',
    '  2030-01-02T00:00:05.000Z  With [31mthat[0m its end was',
    '                            settled.',
    '',
    "What the platform's own log says",
    '  One entry was printed past its runner.',
  ]);
});

test('to a pipe each sentence is one line with its whole time', () => {
  const lines = explainText(body);
  expect(lines).toContain('  2030-01-01T23:59:59.500Z  ann@example.com asked for this run.');
  expect(lines).toContain('  The runner ended without a report, and nobody knows how the command ended.');
});

test('what a run waits for and what comes next are told with their times', () => {
  const waiting = {
    ...body,
    waiting_for: { what: 'slot', text: 'It is in the queue.', to_do: 'Wait.', since: '2030-01-01T23:59:59.500Z' },
    next: [{ who: 'server' as const, at: '2030-01-01T23:59:59.900Z', text: 'The server looks.' }],
  };
  expect(explainText(waiting, 80)).toEqual(
    expect.arrayContaining([
      'What it waits for, and since when',
      '  23:59:59.500  It is in the queue. Wait.',
      'What comes next',
      '  23:59:59.900  The server looks.',
    ]),
  );
});

test.each([20, 40, 80])('a text in %d columns has every word and no line that is longer', (columns) => {
  const text = 'a text of some words, 日本語 among them, that has to fit';
  const lines = wrapped(text, columns, '  ');
  for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
  expect(lines.map((line) => line.slice(2)).join(' ')).toBe(text);
});

test('a word that is longer than a line stands alone, whole', () => {
  expect(wrapped('to https://example.com/very/long now', 10)).toEqual(['to', 'https://example.com/very/long', 'now']);
});
