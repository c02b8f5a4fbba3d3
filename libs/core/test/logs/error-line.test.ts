import { execFileSync } from 'node:child_process';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import type { LogStream } from '@runvoy/protocol';
import { errorMatcher } from '../../src/logs/error-line.ts';

const found = (stream: LogStream, text: string) => {
  const match = errorMatcher(stream)?.next(text, 0);
  return match && text.slice(...match);
};

const NAMED: [LogStream, string, string | undefined][] = [
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
];

test.each(NAMED)('on %s %j names as an error: %j', (stream, text, expected) => {
  expect(found(stream, text)).toBe(expected);
});

/**
 * V8 compiles expressions that way once a process has much code of expressions (16 MiB), as a server or a worker of the tests may come
 * to have. Inline flags such as `(?i:...)` before alternatives then lose their capitals (V8 14.6).
 */
test('the same is named in a process in which V8 no longer optimizes expressions', () => {
  const script = `
    import { readFileSync } from 'node:fs';
    import { errorMatcher } from ${JSON.stringify(new URL('../../src/logs/error-line.ts', import.meta.url).href)};
    const lines = JSON.parse(readFileSync(0, 'utf8'));
    const all = lines.map(([stream, text]) => {
      const match = errorMatcher(stream)?.next(text, 0);
      return match && text.slice(...match);
    });
    process.stdout.write(JSON.stringify(all));`;
  const said = execFileSync(process.execPath, ['--no-regexp-optimization', '--input-type=module', '-e', script], {
    input: JSON.stringify(NAMED),
    encoding: 'utf8',
  });
  expect(JSON.parse(said)).toEqual(NAMED.map(([, , expected]) => expected ?? null));
});

describe('a line made to be slow', () => {
  const LENGTH = 2_000_000;
  /**
   * Whoever reads a line from left to right is done with it in a moment; whoever goes back to its beginning from every place would take
   * an hour, and is stopped.
   */
  const readsToTheEnd = (read: () => void, timeout: number) => void runInNewContext('read()', { read }, { timeout });

  test.each([
    ['one long word', 'A'],
    ['the beginning of a denial', 'no '],
    ['errors that are parts of names', 'a error-'],
    ['nothing but spaces', ' '],
    ['the beginning of a class', 'java.lang.'],
  ])('is read once from left to right: %s', (_, piece) => {
    const text = piece.repeat(LENGTH / piece.length);
    for (const stream of ['stdout', 'stderr'] as const) {
      readsToTheEnd(() => expect(errorMatcher(stream)!.next(text, 0)).toBeUndefined(), 30_000);
    }
  });

  test('would show an expression that goes back', () => {
    const text = 'A'.repeat(LENGTH);
    expect(() => readsToTheEnd(() => /\w*Error/.test(text), 200)).toThrow(
      expect.objectContaining({ code: 'ERR_SCRIPT_EXECUTION_TIMEOUT' }),
    );
  });
});
