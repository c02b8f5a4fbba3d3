import { isContext, runInThisContext } from 'node:vm';
import { expect, test } from '@jest/globals';

test('a test reads its globals from the global object itself', () => {
  // It is a context to itself where nothing intercepts what is read from it.
  expect(isContext(globalThis)).toBe(true);
});

test('a test has each global that Node has', () => {
  const ofNode = Object.getOwnPropertyNames(runInThisContext('globalThis'));
  expect(ofNode.filter((name) => !(name in globalThis))).toEqual([]);
});

test('what Node’s modules return is an instance of the globals', () => {
  expect(Buffer.from('a')).toBeInstanceOf(Uint8Array);
  expect(new TextEncoder().encode('a')).toBeInstanceOf(Uint8Array);
  expect(Buffer.from('a').buffer).toBeInstanceOf(ArrayBuffer);
});

test('a global that one sets and takes away again is gone', () => {
  const globals = globalThis as { ofThisTest?: number };
  globals.ofThisTest = 1;
  expect(Object.keys(globalThis)).toContain('ofThisTest');
  delete globals.ofThisTest;
  expect('ofThisTest' in globalThis).toBe(false);
});
