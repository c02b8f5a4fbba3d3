import { expect, test } from '@jest/globals';
import type { LogStream } from '@runvoy/protocol';
import { errorMatcher } from '../../src/logs/error-line.ts';

const found = (stream: LogStream, text: string) => {
  const match = errorMatcher(stream)?.next(text, 0);
  return match && text.slice(...match);
};

test.each<[LogStream, string, string | undefined]>([
  ['stderr', 'error: no such file', 'error'],
  ['stderr', 'make: *** [all] Error 2', 'Error'],
  ['stderr', 'FATAL could not connect', 'FATAL'],
  ['stderr', 'panic: runtime error: index out of range', 'panic'],
  ['stderr', "thread 'main' panicked at src/main.rs:2", 'panicked'],
  ['stderr', 'Traceback (most recent call last):', 'Traceback'],
  ['stderr', 'ValueError: bad', 'ValueError'],
  ['stderr', 'Caused by: java.lang.IllegalStateException: x', 'IllegalStateException'],
  ['stderr', 'npm ERR! code 1', 'ERR!'],
  ['stderr', 'Segmentation fault (core dumped)', 'Segmentation fault'],
  ['stderr', 'finished with 0 errors', undefined],
  ['stderr', 'no error', undefined],
  ['stderr', '0 error(s), 2 warning(s)', undefined],
  ['stderr', 'result: error=null', undefined],
  ['stderr', 'compiling src/error/index.ts', undefined],
  ['stderr', 'GET /error.log', undefined],
  ['stderr', 'using --fail-on-error', undefined],
  ['stderr', 'set on_error handler', undefined],
  ['stderr', 'terror and mirrors', undefined],
  ['stderr', 'no error, then error: x', 'error'],
  ['stdout', '2026-01-01T00:00:00Z ERROR cannot open', 'ERROR'],
  ['stdout', '[FATAL] gone', 'FATAL'],
  ['stdout', 'error[E0308]: mismatched types', 'error[E0308]:'],
  ['stdout', 'Error: Cannot find module', 'Error:'],
  ['stdout', 'TypeError: x is not a function', 'TypeError'],
  ['stdout', 'Exception in thread "main" java.lang.X', 'Exception in thread'],
  ['stdout', 'Traceback (most recent call last):', 'Traceback (most recent call last)'],
  ['stdout', 'this page explains what an error is', undefined],
  ['stdout', 'testing Error: shows a message', undefined],
  ['stdout', 'ok 12 - throws a TypeError', undefined],
  ['system', '### runvoy error', undefined],
])('on %s %j names as an error: %j', (stream, text, expected) => {
  expect(found(stream, text)).toBe(expected);
});

test('a line made to be slow is read in no time', () => {
  const started = performance.now();
  for (const text of ['A'.repeat(60_000), 'no '.repeat(20_000), 'a error-'.repeat(8_000), ' '.repeat(60_000)]) {
    for (const stream of ['stdout', 'stderr'] as const) errorMatcher(stream)?.next(text, 0);
  }
  expect(performance.now() - started).toBeLessThan(1_000);
});
