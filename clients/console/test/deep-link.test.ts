import { expect, test } from '@jest/globals';
import { readPlace, runHref, takeClaim } from '../src/deep-link.ts';

test.each(['execution_id', 'executionId', 'executionID'])('a run is found by %s', (name) => {
  expect(readPlace({ search: `?${name}=abc`, hash: '' })).toEqual({ executionId: 'abc', line: undefined });
});

test('an address without a run shows the list', () => {
  expect(readPlace({ search: '?execution_id=%20', hash: '#L0' })).toEqual({ executionId: undefined, line: undefined });
});

test('a line is read from the fragment, and nothing else is taken for one', () => {
  expect(readPlace({ search: '', hash: '#L1204' }).line).toBe(1204);
  for (const hash of ['#L', '#L12x', '#L-3', '#12', '#L99999999999999999999']) {
    expect(readPlace({ search: '', hash }).line).toBeUndefined();
  }
});

test('a link to a run leads back to it', () => {
  const url = new URL(runHref('a b&c', 7), 'http://host');
  expect(url.pathname).toBe('/logs');
  expect(readPlace(url)).toEqual({ executionId: 'a b&c', line: 7 });
});

test('a claim is taken out of the fragment and the rest stays', () => {
  expect(takeClaim('#claim=T0k%2Den')).toEqual({ claim: 'T0k-en', rest: '' });
  expect(takeClaim('#claim=T&L12')).toEqual({ claim: 'T', rest: '#L12' });
  expect(takeClaim('#L12')).toEqual({ claim: undefined, rest: '#L12' });
  expect(takeClaim('')).toEqual({ claim: undefined, rest: '' });
});

test('an empty claim is none, a broken escape is passed on as it came', () => {
  expect(takeClaim('#claim=').claim).toBeUndefined();
  expect(takeClaim('#claim=%E0%A4%A').claim).toBe('%E0%A4%A');
});
