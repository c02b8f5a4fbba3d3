import { expect, test } from '@jest/globals';
import { REASON_TEXTS, reasonTextOf, SUMMARY_CHARS } from '../../src/executions/reason-texts.ts';
import { WAITING_TEXTS, waitingTextOf } from '../../src/executions/waiting-texts.ts';

// That no word is missing is for the compiler: both tables have a row for every word of the protocol, and whoever produces a word
// produces one of those.

const SENTENCES = [
  ...Object.entries(REASON_TEXTS).map(([word, { happened, to_do }]) => [word, happened, to_do] as const),
  ...Object.entries(WAITING_TEXTS).map(([word, { happening, to_do }]) => [word, happening, to_do] as const),
];

test.each([...Object.entries(REASON_TEXTS), ...Object.entries(WAITING_TEXTS)])(
  'the summary of %s is one short clause that fits beside a status',
  (_, { summary }) => {
    expect(summary.length).toBeLessThanOrEqual(SUMMARY_CHARS);
    expect(summary).toMatch(/^[a-z].*[^.]$/);
  },
);

test.each(SENTENCES)('what is told of %s is whole sentences', (_, ...texts) => {
  for (const text of texts) expect(text).toMatch(/^[A-Z].*\.$/s);
});

test.each(SENTENCES)('what is told of %s needs no knowledge of the code', (_, ...texts) => {
  for (const text of texts) expect(text).not.toMatch(/\b(?:attempt|nonce|lane|bootstrap|sidecar|supervisor|verdict)/i);
});

test('a word that this version does not know is named, and nothing is claimed about it', () => {
  expect(reasonTextOf('solar_flare').summary).toBe('solar flare');
  expect(reasonTextOf('solar_flare').happened).toContain('"solar_flare"');
  expect(waitingTextOf('solar_flare').summary).toBe('waiting for solar flare');
  // What every object has is no row of a table.
  expect(reasonTextOf('constructor').summary).toBe('constructor');
  expect(waitingTextOf('toString').summary).toBe('waiting for toString');
});
