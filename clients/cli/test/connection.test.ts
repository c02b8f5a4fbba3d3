import { expect, test } from '@jest/globals';
import { connectionOf, type Source } from '../src/connection.ts';
import { endpointOf } from '../src/endpoint.ts';

const flags: Source = { name: 'flags', endpoint: 'http://a', apiKey: 'ka' };
const environment: Source = { name: 'environment', endpoint: 'http://b', apiKey: 'kb' };

test('the first place that names a server wins, with its key', () => {
  expect(connectionOf([flags, environment])).toEqual({ endpoint: 'http://a', apiKey: 'ka', from: 'flags' });
});

test('a key without an address goes with whatever server is named', () => {
  expect(connectionOf([{ name: 'flags', apiKey: 'k' }, environment])).toMatchObject({
    endpoint: 'http://b',
    apiKey: 'k',
  });
});

test('the key of one server is never sent to another', () => {
  expect(connectionOf([{ name: 'flags', endpoint: 'http://evil' }, environment])?.apiKey).toBeUndefined();
  expect(connectionOf([{ name: 'flags', endpoint: 'http://b' }, environment])?.apiKey).toBe('kb');
});

test('nothing named is nothing found', () => {
  expect(connectionOf([{ name: 'flags', apiKey: 'k' }])).toBeUndefined();
});

test.each([
  ['https://x.example/', 'https://x.example'],
  ['https://x.example/api/v1/', 'https://x.example'],
  ['http://127.0.0.1:56212', 'http://127.0.0.1:56212'],
  ['https://x.example/base', 'https://x.example/base'],
])('the address %s is used as %s', (given, used) => {
  expect(endpointOf(given, 'api_endpoint', 'failed')).toBe(used);
});

test.each(['x.example', 'ftp://x.example', 'https://me:secret@x.example', ''])('"%s" is no address', (given) => {
  expect(() => endpointOf(given, 'api_endpoint', 'failed')).toThrow(/api_endpoint (must be|may not)/);
});
