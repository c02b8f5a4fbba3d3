import { expect, test } from '@jest/globals';
import { printableJson } from '../src/printable-json.ts';

test('nothing that a terminal obeys is left, and it reads back as what it was', () => {
  const value = { text: 'a\u001b[31m\u009b2J\u202e\u{e0041}é', list: [1, { deep: null }] };
  const text = printableJson(value);
  expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
  expect(JSON.parse(text)).toEqual(value);
  expect(text).toContain('é');
});
