import { expect, test } from '@jest/globals';
import { newKnownPaths } from '../src/known-paths.ts';

const known = newKnownPaths();
known.add('GET', '/things/:id');
known.add('DELETE', '/things/:id');
known.add('GET', '/images/*');
known.add('POST', '/images/register');
known.add('OPTIONS', '*');
known.add('GET', '/*');

test.each([
  ['/things/a', ['DELETE', 'GET']],
  ['/things/a/', ['DELETE', 'GET']],
  ['/things/', []],
  ['/things/a/b', []],
  ['/images/a/b:c', ['GET']],
  ['/images/register', ['GET', 'POST']],
  ['/nowhere', []],
])('%s answers %j', (path, methods) => {
  expect(known.methodsOf(path)).toEqual(methods);
});
