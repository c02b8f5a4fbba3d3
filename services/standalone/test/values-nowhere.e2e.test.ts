import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CLI_MAIN, newDirectory, startServer, type Server } from './server.ts';

const runFile = promisify(execFile);

/** Values with what escaping, URLs and shells change, long enough to be found in base64 at any offset. */
const FIRST = 'first/value+of=a&secret "quoted" %41 ünïcode';
const SECOND = 'second\\value:of<a>secret?#[]{} with spaces';
const ENV = 'an-env-value/that+looks=secret&much';

let directory = '';
let server: Server;
const at = (name: string) => join(directory, name);
/** What was said by the API and the client, answer by answer. */
let said: Record<string, string> = {};

async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const answer = await fetch(`${server.ready.api_url}/api/v1${path}`, {
    method,
    headers: { 'X-API-Key': server.key, 'Content-Type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  said[`${Object.keys(said).length} ${method} ${path}: ${answer.status}`] = text;
  return { status: answer.status, text };
}

async function cli(...args: string[]) {
  const env = {
    PATH: process.env['PATH'],
    HOME: directory,
    RUNVOY_API_ENDPOINT: server.ready.api_url,
    RUNVOY_API_KEY: server.key,
  };
  const { stdout, stderr } = await runFile(process.execPath, [CLI_MAIN, ...args], { cwd: directory, env });
  said[`${Object.keys(said).length} runvoy ${args.join(' ')}`] = stdout + stderr;
  return stdout;
}

describe('a server in use', () => {
  beforeEach(async () => {
    directory = newDirectory();
    said = {};
    server = await startServer({ dataDir: at('data'), env: { RUNVOY_LOG_LEVEL: 'DEBUG' } });
  }, 60_000);
  afterEach(async () => {
    await server?.[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  });

  test('a value that was stored, changed, run with, refused, exported and backed up lies nowhere but where it was asked for', async () => {
    await ask('POST', '/secrets', { name: 'token', key_name: 'TOKEN', value: FIRST, description: 'for a test' });
    // Refusals of every kind, with the value in the request.
    expect((await ask('POST', '/secrets', { name: 'token', key_name: 'TOKEN', value: FIRST })).status).toBe(409);
    expect((await ask('POST', '/secrets', { name: 'other', key_name: 'A=B', value: FIRST })).status).toBe(422);
    expect((await ask('POST', '/secrets', { name: 'other', key_name: 'A', value: `${FIRST}\0` })).status).toBe(422);
    expect((await ask('POST', '/secrets', { name: 'other', key_name: 'A', value: [FIRST] })).status).toBe(400);
    expect((await ask('POST', '/secrets', `{"value":${JSON.stringify(FIRST)},`)).status).toBe(400);
    expect(
      (await ask('POST', '/secrets', { name: 'other', key_name: 'A', value: FIRST }, { 'X-API-Key': 'bad' })).status,
    ).toBe(401);
    expect((await ask('PUT', '/secrets/none', { value: SECOND })).status).toBe(404);
    expect((await ask('POST', '/run', { command: 'true', env: { 'A=B': ENV } })).status).toBe(422);

    const command = 'printf "%s\\n" "$TOKEN" "$MY_PASSWORD"; printf %s "$TOKEN" | wc -c';
    const first = await server.run({ command, secrets: ['token'], env: { MY_PASSWORD: ENV } });
    expect((await server.finished(first.execution_id)).status).toBe('SUCCEEDED');
    await ask('PUT', '/secrets/token', { value: SECOND });
    const second = await server.run({ command, secrets: ['token'], env: { MY_PASSWORD: ENV } });
    await server.finished(second.execution_id);
    // One that is under way while everything is read: its variables lie sealed in the store.
    const third = await server.run({ command: 'sleep 60', secrets: ['token'], env: { MY_PASSWORD: ENV } });
    await server.until(third.execution_id, ({ status }) => status === 'RUNNING');
    // The value itself, to who may read it. Not part of what is searched, but it must be right.
    const read = await server.call<{ secret: { value: string } }>('GET', '/api/v1/secrets/token');
    expect(read.secret.value).toBe(SECOND);

    const log = await ask('GET', `/executions/${first.execution_id}/logs?after=0&limit=1000`);
    expect(log.text).toContain('***');
    expect(log.text).toContain(String(Buffer.byteLength(FIRST)));
    for (const path of ['/secrets', '/executions', '/audit', '/users', '/keys', '/sealing-key']) await ask('GET', path);
    for (const { execution_id: id } of [first, second, third])
      for (const part of ['', '/status', '/explain', '/logs']) await ask('GET', `/executions/${id}${part}`);
    await ask('POST', '/sealing-key/rotate');
    await ask('POST', '/health/reconcile');
    await cli('secrets', 'list', '--json');
    await cli('audit', '--json');
    await cli('logs', second.execution_id);
    await cli('explain', first.execution_id);
    await cli('export', '--logs', '--to', at('export.jsonl'));
    await cli('backup', '--data-dir', at('data'), '--to', at('backup'));
    expect((await server.call<{ secret: { value: string } }>('GET', '/api/v1/secrets/token')).secret.value).toBe(
      SECOND,
    );

    // While a run goes on its command has what it was given, as runvoy gives it: in its environment and in its workspace's .env. That
    // is the command's own; everything else is searched.
    const during = filesBelow(directory, (path) => !path.endsWith(`${third.execution_id}/1/workspace/.env`));
    await ask('DELETE', `/executions/${third.execution_id}?force=true`);
    await server.finished(third.execution_id);
    await ask('DELETE', '/secrets/token');
    await server.stop();
    const afterwards = filesBelow(directory);

    for (const name of ['runvoy.sqlite', 'server.log', 'export.jsonl', 'backup/runvoy.sqlite'])
      expect(Object.keys(afterwards).filter((path) => path.endsWith(name))).not.toEqual([]);
    const answers = Object.fromEntries(Object.entries(said).map(([what, text]) => [what, Buffer.from(text)]));
    for (const value of [FIRST, SECOND, ENV])
      for (const everything of [answers, during, afterwards]) expect(placesOf(everything, value)).toEqual([]);
  }, 120_000);
});

test('a value would be found in whatever form it lay', () => {
  const lying = (bytes: Buffer | string) => ({ here: Buffer.from(bytes), there: Buffer.from('nothing') });
  for (const before of ['', 'a', 'ab', 'abc']) {
    const text = `${before}${FIRST} and more`;
    for (const form of ['base64', 'base64url', 'hex'] as const)
      expect(placesOf(lying(Buffer.from(text).toString(form)), FIRST)).toEqual(['here']);
    expect(placesOf(lying(encodeURIComponent(text)), FIRST)).toEqual(['here']);
    expect(placesOf(lying(JSON.stringify({ text })), FIRST)).toEqual(['here']);
    expect(placesOf(lying(new URLSearchParams({ text }).toString()), FIRST)).toEqual(['here']);
    expect(placesOf(lying(Buffer.from(text, 'utf16le')), FIRST)).toEqual(['here']);
  }
});

/** In every form in which a value could lie somewhere and still be read. */
function formsOf(value: string): readonly Buffer[] {
  const bytes = Buffer.from(value);
  // Inside other bytes base64 has three forms; what depends on the neighbours is cut off.
  const shifted = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    return text.slice(shift === 0 ? 0 : 4, -4);
  });
  const texts = [
    value,
    JSON.stringify(value).slice(1, -1),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    encodeURIComponent(value),
    new URLSearchParams({ '': value }).toString().slice(1),
    ...shifted,
    ...shifted.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ];
  return [...texts.map((text) => Buffer.from(text)), Buffer.from(value, 'utf16le')];
}

function placesOf(everything: Readonly<Record<string, Buffer>>, value: string): readonly string[] {
  const forms = formsOf(value);
  return Object.keys(everything).filter((place) => forms.some((form) => everything[place]!.includes(form)));
}

/** Every file below a directory as its raw bytes, the write-ahead logs of databases included. */
function filesBelow(root: string, is = (_: string) => true): Readonly<Record<string, Buffer>> {
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => join(root, name));
  const files = paths.filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() && is(path));
  return Object.fromEntries(files.map((path) => [path, readFileSync(path)]));
}
