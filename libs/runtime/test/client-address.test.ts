import type { IncomingMessage } from 'node:http';
import { expect, test } from '@jest/globals';
import { clientAddress } from '../src/client-address.ts';

const request = (forwarded: string | undefined) =>
  ({
    socket: { remoteAddress: '10.0.0.1' },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as unknown as IncomingMessage;

test.each([
  [0, '203.0.113.9, 192.0.2.1', '10.0.0.1'],
  [1, '203.0.113.9, 192.0.2.1', '192.0.2.1'],
  [2, '203.0.113.9, 198.51.100.7, 192.0.2.1', '198.51.100.7'],
  [2, '192.0.2.1', 'unknown'],
  [1, undefined, 'unknown'],
])('behind %d proxies that tell %j it is %s', (hops, forwarded, address) => {
  expect(clientAddress(request(forwarded), hops)).toBe(address);
});
