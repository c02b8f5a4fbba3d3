import { expect, test } from '@jest/globals';
import type { FailureCode } from '../../libs/core/src/index.ts';
import { documentedTable } from '../../libs/core/test/markdown-table.ts';
import { PROVOCATIONS } from '../errors/provocations.ts';

const documented = documentedTable('errors.md', 'code', 'status').map(([code = '', status]) => {
  return { code: code.replaceAll('`', '') as FailureCode, status: Number(status) };
});

test('every documented code is provoked, and nothing else is', () => {
  expect(Object.keys(PROVOCATIONS).toSorted()).toEqual(documented.map(({ code }) => code).toSorted());
});

test.each(documented)('$code is answered with $status to who provokes it', async ({ code, status }) => {
  expect(await PROVOCATIONS[code]()).toMatchObject({ code, status });
});
