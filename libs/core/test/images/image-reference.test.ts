import { expect, test } from '@jest/globals';
import {
  imageIdOf,
  looksLikeImageId,
  parseImageReference,
  requireImageReference,
} from '../../src/images/image-reference.ts';

test.each([
  ['alpine', '', 'alpine', 'latest'],
  ['alpine:3.22', '', 'alpine', '3.22'],
  ['reg.io:5000/a/b', 'reg.io:5000', 'a/b', 'latest'],
  ['reg.io:5000/a/b:v1', 'reg.io:5000', 'a/b', 'v1'],
  ['localhost/x@sha256:ab', 'localhost', 'x', 'sha256:ab'],
  ['reg.io/x:v1@sha256:ab', 'reg.io', 'x:v1', 'sha256:ab'],
  ['docker/library/golang', '', 'docker/library/golang', 'latest'],
  ['a.b', '', 'a.b', 'latest'],
])('%s is registry %j, name %s, tag %s', (reference, registry, name, tag) => {
  expect(parseImageReference(reference)).toEqual({ registry, name, tag });
});

const DIGEST = `sha256:${'0a'.repeat(32)}`;

test.each([
  'host',
  'alpine:3.22',
  `alpine@${DIGEST}`,
  `alpine:3.22@${DIGEST}`,
  'Reg.io:5000/a__b/c--d:V_1.x',
  'localhost/x',
])('%s is an image reference', (reference) => expect(() => requireImageReference(reference)).not.toThrow());

test.each([
  ['ALPINE', 'lower case'],
  ['library/Alpine:3', 'lower case'],
  ['alpine:', 'not an image reference'],
  ['alpine:3.22@sha256:abc', 'no digest of the form @sha256: and 64 hex digits'],
  ['alpine@3', 'no digest'],
  ['a//b', 'not an image reference'],
  ['-a', 'not an image reference'],
  ['a b', 'not an image reference'],
  ['https://reg.io/a', 'not an image reference'],
])('%s is none, and it is said why', (reference, words) => {
  expect(() => requireImageReference(reference)).toThrow(words);
});

test.each([
  [{ cpu: 256, memory: 512, platform: 'Linux/ARM64' }, 'alpine:latest-c5c74c0e'],
  [{ cpu: 1024, memory: 2048, platform: 'Linux/X86_64' }, 'alpine:latest-de86b432'],
])("alpine in the size %j has runvoy's id %s", (size, id) => {
  expect(imageIdOf({ name: 'alpine', tag: 'latest', ...size })).toBe(id);
  expect(looksLikeImageId(id)).toBe(true);
});

test('every part of a registration changes its id', () => {
  const shape = { name: 'a', tag: 'b', cpu: 1, memory: 2, platform: 'p' };
  const changes = [
    {},
    { name: 'x' },
    { tag: 'x' },
    { cpu: 9 },
    { memory: 9 },
    { platform: 'x' },
    { taskRole: 'x' },
    { execRole: 'x' },
  ];
  expect(new Set(changes.map((change) => imageIdOf({ ...shape, ...change }))).size).toBe(changes.length);
});

test.each([
  'alpine:latest',
  'alpine',
  'alpine-c5c74c0e',
  'alpine:latest-C5C74C0E',
  'alpine:latest-c5c74c0',
  'alpine:latest-c5c74c0e0',
])('%s is not an image id', (text) => {
  expect(looksLikeImageId(text)).toBe(false);
});
