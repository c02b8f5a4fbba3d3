import { expect, test } from '@jest/globals';
import { Failure, FAILURES, isFailure, type FailureCode } from '../src/failure.ts';
import { documentedTable } from './markdown-table.ts';

const CODES = Object.keys(FAILURES) as FailureCode[];

test('every failure is documented with its status, and nothing else is', () => {
  const documented = documentedTable('errors.md', 'code', 'status').map(([code, status]) => `${code} ${status}`);
  expect(documented.toSorted()).toEqual(CODES.map((code) => `\`${code}\` ${FAILURES[code].status}`).toSorted());
});

test('every documented failure has a meaning', () => {
  for (const [code, , meaning] of documentedTable('errors.md', 'code', 'status')) {
    expect([code, (meaning ?? '').length > 20]).toEqual([code, true]);
  }
});

test.each(CODES)('%s has a status of an error and a sentence', (code) => {
  const failure = new Failure(code, 'the subject');
  expect(failure.status).toBe(FAILURES[code].status);
  expect(failure.status).toBeGreaterThanOrEqual(400);
  expect(failure.message).not.toBe('');
});

test('a failure keeps its cause for operators, out of its sentence', () => {
  const failure = new Failure('STORE_UNAVAILABLE', '', { cause: new Error('ECONNREFUSED') });
  expect(failure.message).toBe('The store does not answer. Nothing was changed; try again.');
  expect(failure.cause).toEqual(new Error('ECONNREFUSED'));
});

test('a failure is recognised by its code, other errors are not', () => {
  expect(isFailure(new Failure('NOT_FOUND', 'x'), 'NOT_FOUND')).toBe(true);
  expect(isFailure(new Failure('NOT_FOUND', 'x'), 'CONFLICT')).toBe(false);
  expect(isFailure(Object.assign(new Error('x'), { code: 'NOT_FOUND' }), 'NOT_FOUND')).toBe(false);
});
