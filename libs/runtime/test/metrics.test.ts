import { expect, test } from '@jest/globals';
import { Metrics } from '../src/metrics.ts';

test('a counter is told by its labels, with quotes, backslashes and line feeds escaped', async () => {
  const metrics = new Metrics();
  const counter = metrics.counter('things_total', 'Things that came.');
  counter.add({ kind: 'a' });
  counter.add({ kind: 'a' }, 2);
  counter.add({ kind: 'b"\\\n' });
  expect(await metrics.text()).toBe(
    '# HELP things_total Things that came.\n# TYPE things_total counter\n' +
      'things_total{kind="a"} 3\nthings_total{kind="b\\"\\\\\\n"} 1\n',
  );
});

test('a histogram counts a value in every bucket that it fits in, the bound included', async () => {
  const metrics = new Metrics();
  const histogram = metrics.histogram('seconds', 'How long.', [0.1, 1]);
  for (const value of [0.1, 0.5, 7]) histogram.observe(value, { route: '/' });
  expect((await metrics.text()).split('\n').slice(2)).toEqual([
    'seconds_bucket{route="/",le="0.1"} 1',
    'seconds_bucket{route="/",le="1"} 2',
    'seconds_bucket{route="/",le="+Inf"} 3',
    'seconds_sum{route="/"} 7.6',
    'seconds_count{route="/"} 3',
    '',
  ]);
});

test('a gauge that cannot be looked up is left out and told; the others stand', async () => {
  const metrics = new Metrics();
  metrics.gauge('broken', 'Never.', () => Promise.reject(new Error('no store')));
  metrics.gauge('whole', 'Always.', () => [{ value: 4 }]);
  const failed: string[] = [];
  expect(await metrics.text((_, name) => failed.push(name))).toBe(
    '# HELP whole Always.\n# TYPE whole gauge\nwhole 4\n',
  );
  expect(failed).toEqual(['broken']);
});

test('whoever invents labels fills no memory', async () => {
  const metrics = new Metrics();
  const counter = metrics.counter('c', 'C.');
  for (let n = 0; n < 6_000; n += 1) counter.add({ n: String(n) });
  counter.add({ n: '0' });
  const lines = (await metrics.text()).split('\n');
  expect(lines).toHaveLength(5_000 + 3);
  expect(lines[2]).toBe('c{n="0"} 2');
});
