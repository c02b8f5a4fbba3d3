import { describe, expect, test } from '@jest/globals';
import type { SigningKeys } from '../../src/access/signing-keys.ts';
import { issueTicket, openTicket, TICKET_MS } from '../../src/logs/ticket.ts';
import { T0 } from '../run-world.ts';

const OLD = { id: 'k1', secret: Buffer.alloc(32, 1) };
const NEW = { id: 'k2', secret: Buffer.alloc(32, 2) };
const keys: SigningKeys = { current: OLD };
const ID = 'a'.repeat(32);
const ticket = { execution_id: ID, user_email: 'ann@example.com', key_id: 'key', expires_at_ms: T0 + TICKET_MS };
const text = issueTicket(keys, ticket);

test('a ticket opens until it expires, and is safe in a URL', () => {
  expect(text).toMatch(/^[\w-]+\.[0-9a-f]{64}$/);
  expect(openTicket(keys, T0, ID, text)).toEqual(ticket);
  expect(openTicket(keys, T0 + TICKET_MS - 1, ID, text)).toEqual(ticket);
  expect(openTicket(keys, T0 + TICKET_MS, ID, text)).toBeUndefined();
});

test('a ticket opens its own execution only', () => {
  expect(openTicket(keys, T0, 'b'.repeat(32), text)).toBeUndefined();
});

describe('keys that change', () => {
  test('the previous key still verifies, and new tickets are signed with the current one', () => {
    const rotated: SigningKeys = { current: NEW, previous: OLD };
    expect(openTicket(rotated, T0, ID, text)).toEqual(ticket);
    expect(openTicket({ current: NEW }, T0, ID, issueTicket(rotated, ticket))).toEqual(ticket);
  });

  test('a key that is gone verifies nothing', () => {
    expect(openTicket({ current: NEW }, T0, ID, text)).toBeUndefined();
  });

  test('a key under the id of another verifies nothing', () => {
    expect(openTicket({ current: { ...NEW, id: 'k1' } }, T0, ID, text)).toBeUndefined();
  });
});

describe('a forged ticket opens nothing', () => {
  const [payload, mac] = text.split('.') as [string, string];
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  test.each([
    ['nothing at all', ''],
    ['no signature', payload],
    ['an empty signature', `${payload}.`],
    ['another signature', `${payload}.${'0'.repeat(64)}`],
    ['a shorter signature', `${payload}.${mac.slice(0, 32)}`],
    ['something behind it', `${text}.x`],
    ['another payload', `${encode({ ...ticket, kid: 'k1', user_email: 'eve@example.com' })}.${mac}`],
    ['an unknown key', `${encode({ ...ticket, kid: 'k9' })}.${mac}`],
    ['no key', `${encode(ticket)}.${mac}`],
    ['no JSON', `${Buffer.from('{').toString('base64url')}.${mac}`],
    ['JSON that is no object', `${encode(null)}.${mac}`],
  ])('with %s', (_, forged) => {
    expect(openTicket(keys, T0, ID, forged)).toBeUndefined();
  });
});
