import { expect, test } from '@jest/globals';
import { newLogger } from '../src/index.ts';

test('a line is one JSON object in the form Cloud Logging reads', () => {
  const lines: string[] = [];
  newLogger('info', (line) => lines.push(line), { now: () => 0 }).warn('a cancel failed', { execution_id: 'x' });
  expect(lines).toEqual([
    '{"severity":"WARNING","message":"a cancel failed","time":"1970-01-01T00:00:00.000Z","execution_id":"x"}\n',
  ]);
});

test('lines below the level are not written', () => {
  const lines: string[] = [];
  const logger = newLogger('error', (line) => lines.push(line));
  logger.debug('a');
  logger.info('b');
  logger.warn('c');
  logger.error('d');
  expect(lines).toHaveLength(1);
});

test('an error is told with what caused it', () => {
  const lines: string[] = [];
  const error = new Error('cannot commit', { cause: new Error('disk full') });
  newLogger('info', (line) => lines.push(line)).error('failed', { error });
  expect(JSON.parse(lines[0]!).error).toMatch(/cannot commit[^]*caused by: Error: disk full/);
});
