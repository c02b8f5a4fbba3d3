import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { request } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { executionRef, newEvent, type Execution } from '@runvoy/core';
import { openDataDir, openSqliteRecords } from '@runvoy/provider-local';
import type { DeadLetterDetails, ListDeadLettersAnswer } from '@runvoy/protocol';
import { CLI_MAIN, newDirectory, poll, startServer, type Server } from './server.ts';

const runCli = promisify(execFile);

/** Runs the client against a server; rejects with what it wrote when it fails. */
function cli(server: Server, ...args: string[]) {
  const env = { PATH: process.env['PATH'], RUNVOY_API_ENDPOINT: server.ready.api_url, RUNVOY_API_KEY: server.key };
  return runCli(process.execPath, [CLI_MAIN, 'dead-letters', ...args], { env });
}

/** Posts an event where the carriers do. */
function post(dataDir: string, event: object): Promise<number | undefined> {
  const { intakeSocket } = openDataDir(dataDir);
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/cloudevents+json' };
    const asked = request({ socketPath: intakeSocket, path: '/events', method: 'POST', headers }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode));
    });
    asked.on('error', reject);
    asked.end(JSON.stringify(event));
  });
}

const look = (id: string, eventId: string) =>
  newEvent('dev.runvoy.execution.look.v1', { execution_id: id }, { id: eventId, subject: id, at_ms: Date.now() });

/** Those of the test's own events, once there are so many: a server that comes back also looks at runs on its own account. */
const listed = (server: Server, count: number) =>
  poll(async () => {
    const list = await server.call<ListDeadLettersAnswer>('GET', '/api/v1/dead-letters');
    const own = list.dead_letters.filter(({ event_id }) => event_id === 'poison' || event_id === 'bad');
    return own.length === count ? own : undefined;
  });

test('a poison event is listed, shown with its reason, and carried out by a replay once its cause is gone', async () => {
  const dataDir = newDirectory();
  try {
    const first = await startServer({ dataDir });
    const { key } = first;
    const { execution_id: id } = await first.run('echo hi');
    await first.finished(id);
    await first.stop();
    // The cause: a record that is not there. It comes back below, as from a restored backup.
    const { database } = openDataDir(dataDir);
    const lost = await withRecords(database, async (records) => {
      const stored = await records.get<Execution>(executionRef(id));
      await records.delete(executionRef(id));
      return stored!.value;
    });

    const second = await startServer({ dataDir, key });
    expect(await post(dataDir, look(id, 'poison'))).toBe(204);
    const [letter] = await listed(second, 1);
    expect(letter).toMatchObject({ event_id: 'poison', subject: id, reason: expect.stringContaining(id), deaths: 1 });
    const { stdout: table } = await cli(second, 'list');
    expect(table).toContain(letter!.dead_letter_id);
    const { stdout: shown } = await cli(second, 'show', letter!.dead_letter_id);
    expect(shown).toContain(`Reason:       No execution ${id}.`);
    expect(shown).toContain(`"execution_id": "${id}"`);
    // A replay before the cause is gone opens it again, under the same id.
    await cli(second, 'replay', letter!.dead_letter_id);
    const again = await poll(async () => (await listed(second, 1)).find(({ deaths }) => deaths === 2));
    expect(again).toMatchObject({ dead_letter_id: letter!.dead_letter_id, replays: 1 });
    await second.stop();

    await withRecords(database, (records) => records.create(executionRef(id), lost));
    await using third = await startServer({ dataDir, key });
    const { stderr } = await cli(third, 'replay', letter!.dead_letter_id);
    expect(stderr).toBe(`${letter!.dead_letter_id} was sent again\n`);
    expect(await listed(third, 0)).toEqual([]);
    const path = `/api/v1/dead-letters/${letter!.dead_letter_id}`;
    const settled = await third.call<DeadLetterDetails>('GET', path);
    expect(settled).toMatchObject({
      state: 'replayed',
      deaths: 2,
      replays: 2,
      settled: { by: third.ready.admin_email },
    });
    expect((await cli(third, 'list')).stdout).not.toContain(letter!.dead_letter_id);
    await expect(cli(third, 'replay', letter!.dead_letter_id)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`was replayed by ${third.ready.admin_email}`),
    });
    await third.stop();
    // It was delivered and acknowledged: nothing waits, and nothing died again.
    const queue = new DatabaseSync(openDataDir(dataDir).queue, { readOnly: true });
    expect(queue.prepare('SELECT count(*) AS left FROM events').get()).toEqual({ left: 0 });
    expect(queue.prepare('SELECT count(*) AS left FROM dead_letters').get()).toEqual({ left: 0 });
    queue.close();
  } finally {
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}, 180_000);

test('a dropped event is given up, survives a kill as dropped, and says who did it', async () => {
  const dataDir = newDirectory();
  try {
    const first = await startServer({ dataDir });
    const { key } = first;
    expect(await post(dataDir, look('no id', 'bad'))).toBe(204);
    const [letter] = await listed(first, 1);
    await first.kill();
    const second = await startServer({ dataDir, key });
    expect((await listed(second, 1))[0]).toEqual(letter);
    const { stdout } = await cli(second, 'drop', letter!.dead_letter_id, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ state: 'dropped', settled: { by: second.ready.admin_email } });
    await second.kill();
    await using third = await startServer({ dataDir, key });
    expect(await listed(third, 0)).toEqual([]);
    const { stdout: shown } = await cli(third, 'show', letter!.dead_letter_id);
    expect(shown).toContain(`State:        dropped by ${third.ready.admin_email} at `);
  } finally {
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}, 180_000);

async function withRecords<R>(
  database: string,
  use: (records: ReturnType<typeof openSqliteRecords>) => Promise<R>,
): Promise<R> {
  const records = openSqliteRecords(database);
  try {
    return await use(records);
  } finally {
    records.close();
  }
}
