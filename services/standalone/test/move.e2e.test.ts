import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { AuditBody, ExecutionBody, ListUsersAnswer, LogsBody } from '@runvoy/protocol';
import { CLI_MAIN, newDirectory, startServer, type Server } from './server.ts';

const runFile = promisify(execFile);

let directory = '';
const at = (name: string) => join(directory, name);
beforeEach(() => {
  directory = newDirectory();
});
afterEach(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));

const cli = (server: Server, ...args: string[]) =>
  runFile(process.execPath, [CLI_MAIN, ...args], {
    cwd: directory,
    env: {
      PATH: process.env['PATH'],
      HOME: directory,
      RUNVOY_API_ENDPOINT: server.ready.api_url,
      RUNVOY_API_KEY: server.key,
    },
  });

interface Report {
  readonly made: Record<string, number>;
  readonly there: Record<string, number>;
  readonly claims: readonly { email: string; claim_token: string }[];
  readonly values_needed: readonly object[];
  readonly left: readonly string[];
}
const imported = async (server: Server, file: string): Promise<Report> =>
  JSON.parse((await cli(server, 'import', '--json', file)).stdout) as Report;

/** What may differ between a deployment and the one it moved to. */
function lasting({ usage: _, cost: __, reason_text: ___, duration_seconds: ____, ...run }: ExecutionBody) {
  return run;
}

async function logOf(server: Server, id: string) {
  const { events, completeness } = await server.call<LogsBody>(
    'GET',
    `/api/v1/executions/${id}/logs?after=0&limit=1000`,
  );
  return { events, completeness };
}

test('a deployment moves to another one with users, names of secrets, history and logs; twice is once; and back changes nothing', async () => {
  await using source = await startServer();
  await source.call('POST', '/api/v1/users/create', { email: 'ann@example.com', role: 'developer' });
  await source.call('POST', '/api/v1/users/create', { email: 'bob@example.com', role: 'viewer' });
  await source.call('POST', '/api/v1/users/revoke', { email: 'bob@example.com' });
  await source.call('POST', '/api/v1/secrets', { name: 'token', key_name: 'TOKEN', value: 'a-value-that-stays' });
  await source.call('PUT', '/api/v1/secrets/token/grants/ann@example.com');
  await source.call('POST', '/api/v1/images/register', { image: 'alpine:3.22', network: 'none' });
  const commands = [
    'echo one; echo; echo "  two ü, \u2028 and \u2029"; printf no-feed; echo err >&2',
    'exit 3',
    'head -c 400000 /dev/zero | tr "\\0" x | fold -w 1000; echo "$TOKEN"',
  ];
  const ids: string[] = [];
  for (const command of commands) {
    const { execution_id: id } = await source.run({ command, secrets: ['token'] });
    await source.finished(id);
    ids.push(id);
  }
  await cli(source, 'export', '--logs', '--to', at('all.jsonl'));
  const file = readFileSync(at('all.jsonl'), 'utf8');
  expect(file).not.toContain('a-value-that-stays');
  const there = await source.call<ExecutionBody[]>('GET', '/api/v1/executions?limit=0');

  await using target = await startServer();
  // The first try is cut in the middle of the history: the file ends there.
  const lines = file.split('\n');
  writeFileSync(
    at('cut.jsonl'),
    lines
      .slice(
        0,
        lines.findLastIndex((line) => line.startsWith('{"type":"log"')),
      )
      .join('\n'),
  );
  await expect(cli(target, 'import', at('cut.jsonl'))).rejects.toMatchObject({
    stderr: expect.stringContaining('The export has no end'),
  });
  const first = await imported(target, at('all.jsonl'));
  expect(first.values_needed).toEqual([{ name: 'token', key_name: 'TOKEN' }]);
  expect(first.left).toEqual(
    [expect.stringContaining('image alpine:3.22: platform')].slice(first.made['image'] ? 0 : 1),
  );
  // Whoever came with the first try has a claim from there, which is over in 15 minutes.
  expect(first.claims).toEqual([]);
  const { users } = await target.call<ListUsersAnswer>('GET', '/api/v1/users');
  expect(users.map(({ email, role, revoked }) => [email, role, revoked])).toEqual(
    expect.arrayContaining([
      ['ann@example.com', 'developer', false],
      ['bob@example.com', 'viewer', true],
    ]),
  );
  const here = await target.call<ExecutionBody[]>('GET', '/api/v1/executions?limit=0');
  expect(here.map(lasting)).toEqual(there.map(lasting));
  for (const id of ids) expect(await logOf(target, id)).toEqual(await logOf(source, id));
  expect((await cli(target, 'explain', ids[1]!)).stdout).toContain('brought it here from LOCAL');

  // Twice is once; with the value given, the grants come along.
  await target.call('POST', '/api/v1/secrets', { name: 'token', key_name: 'TOKEN', value: 'another' });
  const second = await imported(target, at('all.jsonl'));
  expect(second).toMatchObject({ made: {}, claims: [], values_needed: [], left: [] });
  expect((await target.call<ExecutionBody[]>('GET', '/api/v1/executions?limit=0')).map(lasting)).toEqual(
    there.map(lasting),
  );
  const { secrets } = await target.call<{ secrets: { granted_to: string[] }[] }>('GET', '/api/v1/secrets');
  expect(secrets[0]?.granted_to).toEqual(['ann@example.com']);
  const { records } = await target.call<{ records: AuditBody[] }>('GET', '/api/v1/audit?action=import.executions');
  expect(records.reduce((sum, { details }) => sum + Number(details?.['executions']), 0)).toBe(ids.length);
  expect(await target.call('GET', '/api/v1/audit/verify')).toMatchObject({ intact: true });

  // And back, with what was run here meanwhile.
  const { execution_id: young } = await target.run('echo from the other side');
  await target.finished(young);
  await cli(target, 'export', '--logs', '--to', at('back.jsonl'));
  const back = await imported(source, at('back.jsonl'));
  expect(back).toMatchObject({ made: { execution: 1, log: 1 }, there: { execution: ids.length } });
  expect((await source.call<ExecutionBody[]>('GET', '/api/v1/executions?limit=0')).slice(1)).toEqual(there);
  expect(await logOf(source, young)).toEqual(await logOf(target, young));
  for (const id of ids) expect((await logOf(source, id)).completeness).toBe('complete');
}, 120_000);
