import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, watch } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ExecutionBody, LogsBody } from '@runvoy/protocol';
import { CLI_MAIN, newDirectory, poll, startServer, STANDALONE_MAIN, type Server } from './server.ts';

const runFile = promisify(execFile);
const LINES = 200;

let directory = '';
beforeEach(() => {
  directory = newDirectory();
});
afterEach(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));

const at = (name: string) => join(directory, name);

/** Runs the client, which runs the server's own executable. Rejects with what it wrote when it fails. */
const cli = (...args: string[]) =>
  runFile(process.execPath, [CLI_MAIN, ...args], {
    cwd: directory,
    env: { PATH: process.env['PATH'], HOME: directory },
  });

const command = `i=0; while [ $i -lt ${LINES} ]; do i=$((i+1)); echo "line $i of many"; done`;

async function textsOf(server: Server, id: string): Promise<readonly string[]> {
  const log = await server.call<LogsBody>('GET', `/api/v1/executions/${id}/logs?after=0&limit=1000`);
  return (log.events ?? []).filter(({ stream }) => stream === 'stdout').map(({ message }) => message);
}

describe('a backup of a server under load', () => {
  test('holds every run that had ended before it began, each with its whole log, and is restored elsewhere', async () => {
    await using server = await startServer({ dataDir: at('data') });
    const before: string[] = [];
    for (let nth = 0; nth < 5; nth += 1) {
      const { execution_id: id } = await server.run(command);
      await server.finished(id);
      before.push(id);
    }
    const goesOn = await server.run('echo begun; sleep 60');
    await server.until(goesOn.execution_id, ({ status }) => status === 'RUNNING');
    let isOver = false;
    const load = (async () => {
      while (!isOver) await server.finished((await server.run(command)).execution_id);
    })();
    const { stdout, stderr } = await cli('backup', '--data-dir', at('data'), '--to', at('backup'));
    isOver = true;
    await load;
    expect(stdout).toBe(`${at('backup')}\n`);
    expect(stderr).toContain('It holds no keys');
    expect(stderr).toContain(join(at('data'), 'vault-keys.json'));
    expect(readdirSync(directory).filter((name) => name.includes('unfinished'))).toEqual([]);

    const restored = await cli('restore', '--data-dir', at('other'), at('backup'));
    expect(restored.stderr).toMatch(/restored the backup of .*, looked over\n/);
    expect(restored.stderr).toContain('is not here: secrets and variables in this data cannot be read');
    expect(restored.stderr).toMatch(/\d runs? that had not ended then (is|are) over here, with reason "restored"/);
    await using again = await startServer({ dataDir: at('other'), key: server.key });
    for (const id of before) {
      const status = await again.finished(id);
      expect(status).toMatchObject({ status: 'SUCCEEDED', log: { completeness: 'complete' } });
      expect(await textsOf(again, id)).toEqual(Array.from({ length: LINES }, (_, nth) => `line ${nth + 1} of many`));
    }
    // Keys and users came along. What was going on then ends here, and goes on where it runs.
    const ended = await again.finished(goesOn.execution_id);
    expect(ended).toMatchObject({ status: 'FAILED', reason: 'restored' });
    const listed = await again.call<ExecutionBody[]>('GET', '/api/v1/executions?limit=0');
    expect(listed.length).toBeGreaterThanOrEqual(before.length + 1);
    expect((await server.call<ExecutionBody>('GET', `/api/v1/executions/${goesOn.execution_id}`)).status).toBe(
      'RUNNING',
    );
    await server.call('DELETE', `/api/v1/executions/${goesOn.execution_id}`);
    await server.finished(goesOn.execution_id);
  }, 180_000);

  test('of a server that is killed in the middle of it leaves nothing under its name, and the next one is whole', async () => {
    const server = await startServer({ dataDir: at('data') });
    for (let nth = 0; nth < 3; nth += 1) {
      const { execution_id: id } = await server.run(`head -c 3000000 /dev/zero | tr '\\0' 'x' | fold -w 1000`);
      await server.finished(id);
    }
    const begun = Promise.withResolvers<void>();
    const watcher = watch(directory, (_, name) => name === 'backup.unfinished' && begun.resolve());
    const made = cli('backup', '--data-dir', at('data'), '--to', at('backup'));
    await begun.promise;
    watcher.close();
    await server.kill();
    await expect(made).rejects.toMatchObject({ stderr: expect.stringContaining('The server went away') });
    expect(existsSync(at('backup'))).toBe(false);
    // No server runs now; what the killed one left is replaced.
    const { stdout } = await cli('backup', '--data-dir', at('data'), '--to', at('backup'), '--json');
    expect(JSON.parse(stdout)).toMatchObject({ path: at('backup'), counts: { records: { executions: 3 } } });
    expect(readdirSync(directory).toSorted()).toEqual(['backup', 'data']);
  }, 180_000);
});

const withTmpfs = (size: string, path: string, ...args: string[]) => [
  '-rm',
  'sh',
  '-c',
  `mount -t tmpfs -o size=${size} none "$1" && shift && exec "$@"`,
  'sh',
  path,
  ...args,
];
const canMount = spawnSync('unshare', withTmpfs('64k', '/mnt', 'true')).status === 0;
const whyNot = canMount ? '' : ' — skipped: no mounts of one’s own';
if (!canMount && process.env['RUNVOY_REQUIRE_ALL'] === '1') throw new Error('unshare(1) cannot mount a tmpfs here.');

describe('a disk that is full', () => {
  (canMount ? test : test.skip)(
    `makes a backup fail, and leaves nothing of it${whyNot}`,
    async () => {
      const server = await startServer({ dataDir: at('data') });
      const { execution_id: id } = await server.run(`head -c 3000000 /dev/zero | tr '\\0' 'x' | fold -w 1000`);
      await server.finished(id);
      await server.stop();
      mkdirSync(at('small'));
      const args = [process.execPath, STANDALONE_MAIN, 'backup', '--data-dir', at('data'), '--to', at('small/backup')];
      // What is there is looked at within: the mount is gone with the process.
      const script = '"$@"; code=$?; ls -A "$0"; exit $code';
      const failed = runFile('unshare', withTmpfs('1m', at('small'), 'sh', '-c', script, at('small'), ...args));
      await expect(failed).rejects.toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(/^runvoy: The backup .*small\/backup was not made: .*(full|no space)/),
      });
      // The data is as it was.
      await using again = await startServer({ dataDir: at('data'), key: server.key });
      expect(await again.finished(id)).toMatchObject({ log: { completeness: 'complete' } });
    },
    180_000,
  );
});

test('a restore is refused while a server runs there, and where there is data without --force', async () => {
  const server = await startServer({ dataDir: at('data') });
  const { execution_id: id } = await server.run('echo hi');
  await server.finished(id);
  await cli('backup', '--data-dir', at('data'), '--to', at('backup'));
  const restore = (...more: string[]) => cli('restore', '--data-dir', at('data'), at('backup'), ...more);
  for (const more of [[], ['--force']]) {
    await expect(restore(...more)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('A server is running'),
    });
  }
  const later = await server.run('echo later');
  await server.finished(later.execution_id);
  await server.stop();
  await expect(restore()).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('is not empty') });
  const { stdout } = await restore('--force', '--json');
  const told = JSON.parse(stdout) as { readonly before: string; readonly missing_keys: readonly string[] };
  expect(told).toMatchObject({ data_dir: at('data'), missing_keys: [] });
  expect(existsSync(join(told.before, 'runvoy.sqlite'))).toBe(true);
  await using again = await startServer({ dataDir: at('data'), key: server.key });
  await poll(async () =>
    (await again.call<ExecutionBody[]>('GET', '/api/v1/executions')).length === 1 ? true : undefined,
  );
  await expect(again.call('GET', `/api/v1/executions/${later.execution_id}`)).rejects.toThrow('404');
}, 180_000);

test('a backup that a key of no admin asks for is refused', async () => {
  await using server = await startServer({ dataDir: at('data') });
  const socketPath = (JSON.parse(readFileSync(at('data/server.json'), 'utf8')) as { intake_socket: string })
    .intake_socket;
  const { request } = await import('node:http');
  const ask = (key: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'x-api-key': key };
      const asked = request({ socketPath, path: '/local/v1/backup', method: 'POST', headers }, (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode));
      });
      asked.on('error', reject);
      asked.end(JSON.stringify({ to: at('backup') }));
    });
  const operator = await server.call<{ claim_token: string }>('POST', '/api/v1/users/create', {
    email: 'o@example.com',
    role: 'operator',
  });
  const { api_key } = await server.call<{ api_key: string }>('GET', `/api/v1/claim/${operator.claim_token}`);
  expect([await ask(''), await ask('rvy_nonsense'), await ask(api_key)]).toEqual([401, 401, 403]);
  expect(existsSync(at('backup'))).toBe(false);
  expect(await ask(server.key)).toBe(200);
  expect(existsSync(at('backup'))).toBe(true);
}, 180_000);
