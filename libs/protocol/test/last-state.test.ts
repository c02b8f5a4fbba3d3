import { expect, test } from '@jest/globals';
import { groupMarker } from '../src/group-marker.ts';
import { lastState } from '../src/last-state.ts';

test.each([
  ['plain', 'plain'],
  ['10%\r20%\r30%', '30%'],
  ['10%\r20%\r', '20%'],
  ['windows\r', 'windows'],
  ['\r\r', ''],
  ['\rone', 'one'],
  ['\x1b[31mred\rstill', '\x1b[31mstill'],
  ['\x1b[31mred\x1b[0m\rplain', 'plain'],
  ['a\x1b[1m\x1b[m\x1b[32mb\rc', '\x1b[32mc'],
])('of %j a terminal shows %j in the end', (given, shown) => {
  expect(lastState(given)).toBe(shown);
});

test('a line of nothing but carriage returns and one character costs no time', () => {
  const started = performance.now();
  expect(lastState(`${'\r'.repeat(1_000_000)}x`)).toBe('x');
  expect(performance.now() - started).toBeLessThan(500);
});

test.each([
  ['::group::build and test', { kind: 'start', name: 'build and test' }],
  ['::group::', { kind: 'start', name: '' }],
  ['::endgroup::', { kind: 'end' }],
  ['::endgroup::\r', { kind: 'end' }],
  [' ::group::x', undefined],
  ['echo ::group::x', undefined],
  ['::endgroup:: no', undefined],
  ['::warning::x', undefined],
])('%j is a marker: %j', (text, marker) => {
  expect(groupMarker(text)).toEqual(marker);
});
