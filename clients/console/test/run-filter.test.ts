import { expect, test } from '@jest/globals';
import { filterQuery, isFiltered, readRunFilter, runsHref } from '../src/run-filter.ts';

test('a filter is in the address, and what the address says is the filter', () => {
  const filter = { status: 'FAILED', user: 'ann+x@example.com', label: 'env=prod', image: 'reg.io/a/b:1' };
  const href = runsHref(filter);
  expect(href).toBe('/?status=FAILED&user=ann%2Bx%40example.com&label=env%3Dprod&image=reg.io%2Fa%2Fb%3A1');
  expect(readRunFilter(href.slice(1))).toEqual(filter);
  expect(filterQuery(filter)).toEqual({
    status: 'FAILED',
    user: 'ann+x@example.com',
    labels: ['env=prod'],
    image: 'reg.io/a/b:1',
  });
});

test('blank texts narrow nothing and stay out of the address', () => {
  const blank = readRunFilter('?user=%20&status=');
  expect([isFiltered(blank), filterQuery(blank), runsHref(blank)]).toEqual([false, {}, '/']);
  expect(runsHref({ ...blank, user: ' ann ' })).toBe('/?user=ann');
});
