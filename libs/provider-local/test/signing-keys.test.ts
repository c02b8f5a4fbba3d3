import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { issueTicket, openTicket } from '@runvoy/core';
import { openSigningKeys } from '../src/index.ts';

test('a ticket of before a key rotation still opens', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'runvoy-test-')), 'signing-keys.json');
  const ticket = { execution_id: 'e', user_email: 'a@b.c', key_id: 'k', expires_at_ms: 2 };
  const text = issueTicket(await openSigningKeys(path), ticket);

  const file = JSON.parse(await readFile(path, 'utf8'));
  file.keys.next = Buffer.alloc(32, 7).toString('base64url');
  file.current = 'next';
  await writeFile(path, JSON.stringify(file));

  const rotated = await openSigningKeys(path);
  expect(rotated.current.id).toBe('next');
  expect(openTicket(rotated, 1, 'e', text)).toEqual(ticket);
});
