import { expect, test } from '@jest/globals';
import type { ExplainBody } from '@runvoy/protocol';
import { explainSections } from '../src/texts.ts';

const body: ExplainBody = {
  execution_id: '3f9a0c7d52e14b86a1c0d94e7f2b6835',
  status: 'STARTING',
  summary: 'waiting for a free slot',
  evidence: [{ at: '2030-01-01T00:00:00.000Z', kind: 'requested', text: 'ann@example.com asked for this run.' }],
  waiting_for: { what: 'slot', since: '2030-01-01T00:00:01.000Z', text: 'It is in the queue.', to_do: 'Wait.' },
  next: [{ who: 'server', at: '2030-01-01T00:01:00.000Z', text: 'The server goes through its queue.' }],
  faults: [],
  platform_notes: [],
};

test('an explanation is told in sections, and what has nothing to say is left out', () => {
  expect(explainSections(body)).toEqual([
    {
      title: 'What it waits for, and since when',
      sentences: [{ at: '2030-01-01T00:00:01.000Z', text: 'It is in the queue. Wait.' }],
    },
    {
      title: 'What comes next',
      sentences: [{ at: '2030-01-01T00:01:00.000Z', text: 'The server goes through its queue.' }],
    },
    {
      title: 'What is known of it',
      sentences: [{ at: '2030-01-01T00:00:00.000Z', text: 'ann@example.com asked for this run.' }],
    },
  ]);
});

test('what was concluded comes before what it was concluded from', () => {
  const titles = explainSections({ ...body, happened: 'a', to_do: 'b', rule: 'c' }).map(({ title }) => title);
  expect(titles.slice(0, 3)).toEqual(['What happened', 'What to do', 'How its end was judged']);
  expect(titles.at(-1)).toBe('What is known of it');
});
