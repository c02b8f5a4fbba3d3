import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from '@jest/globals';
import type { ExecutionBody, ListUsersAnswer } from '@runvoy/protocol';
import { follow, texts } from './follower.ts';
import { newDirectory, poll, STANDALONE_MAIN, startServer } from './server.ts';

/** A start that is expected to end by itself. */
function start(args: readonly string[], env: Record<string, string> = {}) {
  const { status, stderr, stdout } = spawnSync(process.execPath, [STANDALONE_MAIN, '--json', ...args], {
    encoding: 'utf8',
    timeout: 20_000,
    env: { ...process.env, ...env },
  });
  return { status, stderr: stderr.trim(), stdout };
}

describe('a start', () => {
  test('creates the first admin once and keeps everything private', async () => {
    const dataDir = newDirectory();
    let key: string;
    {
      await using first = await startServer({ dataDir, env: { RUNVOY_ADMIN_EMAIL: 'me@example.com' } });
      expect(first.ready).toMatchObject({ admin_email: 'me@example.com', data_dir: dataDir });
      key = first.key;
      expect(key).toMatch(/^rvy_/);
      await first.finished((await first.run('true')).execution_id);
      for (const name of ['runvoy.sqlite', 'vault-keys.json', 'signing-keys.json', 'client.json', 'server.json']) {
        expect([name, statSync(join(dataDir, name)).mode & 0o777]).toEqual([name, 0o600]);
      }
      expect(statSync(dataDir).mode & 0o777).toBe(0o700);
      expect(await first.stop()).toBe(0);
      expect(existsSync(join(dataDir, 'server.json'))).toBe(false);
    }
    await using second = await startServer({ dataDir, key, env: { RUNVOY_ADMIN_EMAIL: 'other@example.com' } });
    expect(second.ready.api_key).toBeUndefined();
    expect(second.ready.admin_email).toBe('me@example.com');
    const { users } = await second.call<ListUsersAnswer>('GET', '/api/v1/users');
    expect(users.map((user) => user.email)).toEqual(['me@example.com']);
    expect(await second.call<ExecutionBody[]>('GET', '/api/v1/executions')).toMatchObject([{ status: 'SUCCEEDED' }]);
    expect(JSON.parse(readFileSync(join(dataDir, 'client.json'), 'utf8'))).toMatchObject({
      api_endpoint: second.ready.api_url,
      api_key: key,
    });
  });

  test('on a data directory in use is refused in one line that names the other server', async () => {
    await using server = await startServer();
    const { status, stderr } = start(['--port', '0', '--data-dir', server.ready.data_dir]);
    expect(status).toBe(1);
    expect(stderr.split('\n')).toHaveLength(1);
    expect(stderr).toContain(`pid ${server.ready.pid} at ${server.ready.api_url}`);
  });

  test('on a chosen port that is taken is refused in one line', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const { status, stderr } = start(['--port', String(port), '--data-dir', newDirectory()]);
    taken.close();
    expect([status, stderr]).toEqual([
      1,
      `runvoy: Port ${port} is taken on 127.0.0.1. Choose another with --port or RUNVOY_PORT.`,
    ]);
  });

  test('in a directory that cannot be written is refused in one line', () => {
    const file = join(newDirectory(), 'file');
    writeFileSync(file, '');
    const { status, stderr } = start(['--port', '0', '--data-dir', join(file, 'data')]);
    expect(status).toBe(1);
    expect(stderr.split('\n')).toHaveLength(1);
    expect(stderr).toContain('cannot be used');
    expect(stderr).toContain('--data-dir');
  });

  test('in a directory of somebody else’s files is refused, and nothing there is touched', () => {
    const directory = newDirectory();
    writeFileSync(join(directory, 'precious.txt'), 'keep me');
    chmodSync(directory, 0o755);
    const { status, stderr } = start(['--port', '0', '--data-dir', directory]);
    expect([status, stderr.split('\n').length]).toEqual([1, 1]);
    expect(stderr).toContain('precious.txt');
    expect(statSync(directory).mode & 0o777).toBe(0o755);
  });

  test('where no directory can be made says so, and does not hang', () => {
    const { status, stderr } = start(['--port', '0', '--data-dir', '/proc/nope']);
    expect(status).toBe(1);
    expect(stderr).toContain('/proc/nope cannot be used');
  });

  test('is told by --help what its options are', () => {
    const { status, stdout } = spawnSync(process.execPath, [STANDALONE_MAIN, '--help'], { encoding: 'utf8' });
    expect(status).toBe(0);
    for (const option of ['--port', '--host', '--data-dir', '--json', '--no-first-run'])
      expect(stdout).toContain(option);
  });

  test('on data newer than the code is refused in one line that names both versions', async () => {
    const dataDir = newDirectory();
    await (await startServer({ dataDir })).stop();
    const database = new DatabaseSync(join(dataDir, 'runvoy.sqlite'));
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    expect(tables.map((row) => row['name'])).toContain('meta');
    database.exec("UPDATE meta SET value = 999 WHERE name = 'schema'");
    database.close();
    const { status, stderr } = start(['--port', '0', '--data-dir', dataDir]);
    expect(status).toBe(1);
    expect(stderr.split('\n')).toHaveLength(1);
    expect(stderr).toContain('999');
  });

  test('names everything that is wrong with its configuration at once', () => {
    const { status, stderr } = start([], { RUNVOY_PORT: 'http', RUNVOY_LOCAL_TRUST_ALL_USERS: 'maybe' });
    expect(status).toBe(1);
    expect(stderr.split('\n')).toEqual([
      'RUNVOY_PORT must be a whole number between 0 and 65535; got "http".',
      'RUNVOY_LOCAL_TRUST_ALL_USERS must be true or false; got "maybe".',
    ]);
  });

  test('with a key file that others may read is refused with the command that mends it', async () => {
    const dataDir = newDirectory();
    await (await startServer({ dataDir })).stop();
    chmodSync(join(dataDir, 'vault-keys.json'), 0o644);
    const { status, stderr } = start(['--port', '0', '--data-dir', dataDir]);
    expect(status).toBe(1);
    expect(stderr).toContain('chmod 600');
  });

  test('works in a directory whose path is too long for a socket', async () => {
    const dataDir = join(newDirectory(), 'd'.repeat(120));
    await using server = await startServer({ dataDir });
    const run = await server.run('echo hi');
    expect(texts(await follow(run.websocket_url).done)).toEqual(['hi']);
  });
});

describe('a run that outlives its server', () => {
  test('goes on through SIGKILL and loses no line', async () => {
    const dataDir = newDirectory();
    const first = await startServer({ dataDir });
    const run = await first.run('i=0; while [ $i -lt 300 ]; do echo "line $i"; i=$((i+1)); sleep 0.01; done; exit 7');
    await follow(run.websocket_url).line((line) => line.text === 'line 20');
    await first.kill();
    await using second = await startServer({ dataDir, key: first.key });
    const status = await second.finished(run.execution_id);
    expect(status).toMatchObject({ status: 'FAILED', exit_code: 7, log: { completeness: 'complete' } });
    const { events } = await second.call<{ events: { message: string; stream: string }[] }>(
      'GET',
      `/api/v1/executions/${run.execution_id}/logs`,
    );
    const lines = events.filter((event) => event.stream === 'stdout').map((event) => event.message);
    expect(lines).toEqual(Array.from({ length: 300 }, (_, i) => `line ${i}`));
  });

  test('and ends while no server is there is settled by the next start', async () => {
    const dataDir = newDirectory();
    const first = await startServer({ dataDir });
    const run = await first.run('echo before; sleep 1; echo after');
    await follow(run.websocket_url).line((line) => line.text === 'before');
    expect(await first.stop()).toBe(0);
    const spool = join(dataDir, 'runs', run.execution_id, '1', 'spool.jsonl');
    await poll(() => (readFileSync(spool, 'utf8').includes('"runvoy":"finished"') ? true : undefined));
    await using second = await startServer({ dataDir, key: first.key });
    expect(await second.finished(run.execution_id)).toMatchObject({
      status: 'SUCCEEDED',
      log: { completeness: 'complete' },
    });
  });
});
