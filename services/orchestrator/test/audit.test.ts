import { expect, test } from '@jest/globals';
import { openWorld } from './world.ts';

test('an admin reads who did what with which key, and that nothing was taken out; nobody else does', async () => {
  await using world = await openWorld();
  const dev = await world.keyOf('dev@example.com', 'operator');
  const made = await world.call('POST', '/api/v1/secrets', { name: 's', key_name: 'S', value: 'hidden-value' });
  await world.call('GET', '/api/v1/secrets/s', undefined, dev);
  const listed = await world.call('GET', '/api/v1/audit?subject=s');
  expect(listed.json().records).toMatchObject([
    { action: 'secret.read', by: 'dev@example.com' },
    { action: 'secret.create', by: 'admin@example.com', request_id: made.headers['x-request-id'] },
  ]);
  expect(listed.json().records[0].key_id).toMatch(/^[a-z2-7]{20}$/);
  const both = await world.call('GET', '/api/v1/audit?subject=s&by=admin@example.com&action=secret.create');
  expect(both.json().records).toMatchObject([{ action: 'secret.create', by: 'admin@example.com', subject: 's' }]);
  expect((await world.call('GET', '/api/v1/audit?subject=s&by=eve@example.com')).json()).toEqual({ records: [] });
  expect(listed.body).not.toContain('hidden-value');
  expect((await world.call('GET', '/api/v1/audit/verify')).json()).toMatchObject({ intact: true });
  expect((await world.call('GET', '/api/v1/audit', undefined, dev)).statusCode).toBe(403);
  expect((await world.call('GET', '/api/v1/audit?from=yesterday')).json().details).toContain('from is a time such as');
  const turned = await world.call('GET', '/api/v1/audit?from=2026-02-01&to=2026-01-01');
  expect([turned.statusCode, turned.json().details]).toEqual([400, 'from is later than to: nothing lies between them']);
});
