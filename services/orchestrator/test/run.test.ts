import { describe, expect, test } from '@jest/globals';
import { executionRef } from '@runvoy/core';
import { openWorld } from './world.ts';

describe('POST /api/v1/run', () => {
  test('stores the run, starts it and answers 202 in runvoy’s shape', async () => {
    await using world = await openWorld();
    const answer = await world.call('POST', '/api/v1/run', { command: 'echo hi' });
    expect(answer.statusCode).toBe(202);
    const body = answer.json();
    expect(body).toMatchObject({ log_url: '', status: 'STARTING', command: 'echo hi', isolation: 'process' });
    expect(body.execution_id).toMatch(/^[0-9a-f]{32}$/);
    expect(body.image_id).toMatch(/^host:latest-[0-9a-f]{8}$/);
    expect(body.websocket_url).toMatch(/^ws:\/\/127\.0\.0\.1:1\/stream\?execution_id=[0-9a-f]{32}&token=/);
    expect(world.started.map((order) => order.execution_id)).toEqual([body.execution_id]);
    expect((await world.records.get(executionRef(body.execution_id)))?.value.status).toBe('STARTING');
  });

  test('starts once when a lost answer is asked for again with the same key', async () => {
    await using world = await openWorld();
    const key = { 'idempotency-key': 'abc' };
    const first = await world.call('POST', '/api/v1/run', { command: 'x' }, undefined, key);
    const again = await world.call('POST', '/api/v1/run', { command: 'x' }, undefined, key);
    expect(again.json().execution_id).toBe(first.json().execution_id);
    expect(world.started).toHaveLength(1);
    const other = await world.call('POST', '/api/v1/run', { command: 'y' }, undefined, key);
    expect(other.statusCode).toBe(422);
    expect(other.json().code).toBe('IDEMPOTENCY_CONFLICT');
  });

  test.each([
    ['no command', {}, 400, 'command'],
    ['an empty command', { command: ' ' }, 400, 'command is required'],
    ['a number for a command', { command: 5 }, 400, 'body/command must be string'],
    ['a command beyond the limit', { command: 'x'.repeat(262_145) }, 413, '262145 bytes; the limit is 262144'],
    ['a number in env', { command: 'x', env: { A: 1 } }, 400, 'must be string'],
    ['an unknown image', { command: 'x', image: 'nope:1' }, 404, 'nope:1'],
    ['an unknown secret', { command: 'x', secrets: ['s'] }, 404, 'No secret s'],
    ['a blank secret', { command: 'x', secrets: [' '] }, 400, 'secret names cannot be empty'],
    ['a negative timeout', { command: 'x', timeout: -1 }, 422, 'timeout'],
    ['an isolation that is not there', { command: 'x', isolation: 'container' }, 422, 'available: process'],
    ['a clone from this machine', { command: 'x', git_repo: 'file:///etc' }, 422, 'RUNVOY_LOCAL_GIT_ROOTS'],
    ['an option for a ref', { command: 'x', git_repo: 'https://a.b/c', git_ref: '--upload-pack=x' }, 422, 'git_ref'],
    ['a password in a URL', { command: 'x', git_repo: 'https://u:p@a.b/c' }, 422, 'user name or password'],
  ])('refuses %s and says what was wrong', async (_, body, status, text) => {
    await using world = await openWorld();
    const answer = await world.call('POST', '/api/v1/run', body);
    expect(answer.statusCode).toBe(status);
    expect(answer.json().details).toContain(text);
    expect(world.started).toHaveLength(0);
  });

  test('refuses a registered image that plain processes cannot honour, and takes it when its isolation is waived', async () => {
    await using world = await openWorld();
    await world.call('POST', '/api/v1/images/register', { image: 'alpine:3' });
    const refused = await world.call('POST', '/api/v1/run', { command: 'x', image: 'alpine:3' });
    expect(refused.statusCode).toBe(422);
    expect(refused.json().details).toContain('needs a container engine');
    const waived = await world.call('POST', '/api/v1/run', { command: 'x', image: 'alpine:3', isolation: 'process' });
    expect(waived.statusCode).toBe(202);
  });

  test('lets only admins run without isolation, unless the server trusts everybody', async () => {
    await using world = await openWorld({ trustAllUsers: false });
    const developer = await world.keyOf('dev@example.com', 'developer');
    const refused = await world.call('POST', '/api/v1/run', { command: 'x' }, developer);
    expect(refused.statusCode).toBe(403);
    expect(refused.json().details).toContain('RUNVOY_LOCAL_TRUST_ALL_USERS');
  });

  test('is refused where nothing can be run, with what to do, and nothing is stored', async () => {
    await using world = await openWorld({ noRunner: 'start "npm start"' });
    const refused = await world.call('POST', '/api/v1/run', { command: 'x' });
    expect([refused.statusCode, refused.json().code]).toEqual([503, 'NO_RUNNER']);
    expect(refused.json().details).toBe('Nothing can be run here: start "npm start".');
    expect((await world.call('GET', '/api/v1/executions')).json()).toEqual([]);
  });

  test('refuses a viewer before it looks at the body', async () => {
    await using world = await openWorld();
    const viewer = await world.keyOf('view@example.com', 'viewer');
    expect((await world.call('POST', '/api/v1/run', { command: 5 }, viewer)).statusCode).toBe(403);
  });

  test.each([
    ['no key', '', 'UNAUTHORIZED'],
    ['a key of another form', 'hello', 'INVALID_API_KEY'],
    ['an unknown key', `rvy_${'a'.repeat(20)}_${'b'.repeat(43)}`, 'INVALID_API_KEY'],
  ])('answers %s with 401', async (_, key, code) => {
    await using world = await openWorld();
    const answer = await world.call('POST', '/api/v1/run', { command: 'x' }, key);
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toMatchObject({ error: 'Unauthorized', code });
  });
});
