import { describe, expect, test } from '@jest/globals';
import { openWorld } from './world.ts';

const SECRET = { name: 'github', key_name: 'GITHUB_TOKEN', value: 'correct-horse', description: 'for releases' };

describe('secrets', () => {
  test('are created, listed without values, read with, changed and deleted, as runvoy’s client expects', async () => {
    await using world = await openWorld();
    const created = await world.call('POST', '/api/v1/secrets', SECRET);
    expect([created.statusCode, created.json()]).toEqual([201, { message: 'Secret created successfully' }]);

    const listed = await world.call('GET', '/api/v1/secrets');
    expect(listed.json()).toMatchObject({ total: 1, secrets: [{ name: 'github', key_name: 'GITHUB_TOKEN' }] });
    expect(listed.body).not.toContain(SECRET.value);

    const read = await world.call('GET', '/api/v1/secrets/github');
    expect(read.headers['cache-control']).toBe('no-store');
    expect(read.json()).toEqual({
      secret: {
        ...SECRET,
        created_by: 'admin@example.com',
        updated_by: 'admin@example.com',
        owned_by: ['admin@example.com'],
        granted_to: [],
        created_at: '2026-01-01T00:00:00.000Z',
        updated_at: '2026-01-01T00:00:00.000Z',
        created_by_request_id: created.headers['x-request-id'],
        modified_by_request_id: created.headers['x-request-id'],
      },
    });

    const updated = await world.call('PUT', '/api/v1/secrets/github', { value: 'new' });
    expect([updated.statusCode, updated.json()]).toEqual([200, { message: 'Secret updated successfully' }]);
    expect((await world.call('GET', '/api/v1/secrets/github')).json().secret.value).toBe('new');

    const deleted = await world.call('DELETE', '/api/v1/secrets/github');
    expect(deleted.json()).toEqual({ name: 'github', message: 'Secret deleted successfully' });
    const gone = await world.call('DELETE', '/api/v1/secrets/github');
    expect([gone.statusCode, gone.json().code]).toEqual([404, 'SECRET_NOT_FOUND']);
  });

  test('one that exists already is a conflict, and no answer of a refusal holds the value', async () => {
    await using world = await openWorld();
    await world.call('POST', '/api/v1/secrets', SECRET);
    const again = await world.call('POST', '/api/v1/secrets', SECRET);
    expect([again.statusCode, again.json().code]).toEqual([409, 'SECRET_ALREADY_EXISTS']);
    const odd = await world.call('POST', '/api/v1/secrets', { ...SECRET, name: 'b', key_name: 'A=B' });
    const viewer = await world.keyOf('v@example.com', 'viewer');
    const refused = await world.call('POST', '/api/v1/secrets', { ...SECRET, name: 'c' }, viewer);
    expect([odd.statusCode, refused.statusCode]).toEqual([422, 403]);
    for (const answer of [again, odd, refused]) expect(answer.body).not.toContain(SECRET.value);
  });

  test('a grant lets a developer run with it, not read it; taken back, the next run is refused', async () => {
    await using world = await openWorld();
    const dev = await world.keyOf('dev@example.com', 'developer');
    await world.call('POST', '/api/v1/secrets', SECRET);
    const run = () => world.call('POST', '/api/v1/run', { command: 'x', secrets: ['github'] }, dev);
    expect((await run()).statusCode).toBe(404);
    expect((await world.call('PUT', '/api/v1/secrets/github/grants/dev@example.com')).statusCode).toBe(200);
    const accepted = await run();
    expect(accepted.statusCode).toBe(202);
    expect(accepted.body).not.toContain(SECRET.value);
    expect((await world.call('GET', '/api/v1/secrets/github', undefined, dev)).statusCode).toBe(403);
    const { execution_id } = accepted.json();
    const shown = await world.call('GET', `/api/v1/executions/${execution_id}`, undefined, dev);
    expect(shown.json().secrets).toEqual(['github']);
    expect(shown.body).not.toContain(SECRET.value);
    expect((await world.call('DELETE', '/api/v1/secrets/github/grants/dev@example.com')).statusCode).toBe(200);
    expect((await run()).statusCode).toBe(404);
  });
});
