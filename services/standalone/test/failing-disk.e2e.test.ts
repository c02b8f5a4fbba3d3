import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import type { ErrorBody, ExecutionBody, ExecutionStatusBody, RunAnswer } from '@runvoy/protocol';
import { isTerminal } from '@runvoy/protocol';
import { endOf, readWholeLog } from './crash-world.ts';
import { failDisk, whyNoFailingDisk, type DiskFault, type FailingDisk } from './failing-disk.ts';
import { newDirectory, poll, startServer, type Server } from './server.ts';
import { childrenOf, supervisorReady } from './supervisor-ready.ts';

jest.setTimeout(600_000);

const why = whyNoFailingDisk();
const here = why === undefined ? test : test.skip;
const skipped = why === undefined ? '' : ` — skipped: ${why}`;

const ONCE = { error: 'EIO', lasts: 'once' } as const;
const ONCE_FULL = { error: 'ENOSPC', lasts: 'once' } as const;
const FULL = { error: 'ENOSPC', lasts: 'until healed' } as const;
/** In turns they take half a minute; each for every n takes twice as long. */
const SWEEPS: readonly { readonly title: string; readonly faultOf: (nth: number) => typeof ONCE | typeof FULL }[] =
  process.env['RUNVOY_EVERY_FAULT'] === '1'
    ? [
        { title: 'with an I/O error', faultOf: () => ONCE },
        { title: 'because it is full', faultOf: () => FULL },
      ]
    : [{ title: 'with an I/O error or because it is full, in turns', faultOf: (nth) => (nth % 2 === 1 ? ONCE : FULL) }];

const WRITES = 'pwrite64';
/** A runner writes the parts of a message to its spool as one. */
const SPOOL_WRITES = 'pwritev,pwrite64';
/** Which of the two SQLite uses depends on its build. */
const SYNCS = 'fsync,fdatasync';

const COMMAND = 'echo one; sleep 0.03; echo two; exit 3';
const filesOf = ({ ready: { data_dir } }: Server) =>
  ['runvoy.sqlite', 'runvoy.sqlite-wal', 'events.sqlite', 'events.sqlite-wal'].map((name) => join(data_dir, name));
const listed = (server: Server) => server.call<readonly ExecutionBody[]>('GET', '/api/v1/executions?limit=2');

interface Attempted {
  readonly status: number;
  readonly body: RunAnswer | ErrorBody;
}

async function submit(server: Server, key: string): Promise<Attempted> {
  const answer = await fetch(`${server.ready.api_url}/api/v1/run`, {
    method: 'POST',
    headers: { 'X-API-Key': server.key, 'Content-Type': 'application/json', 'Idempotency-Key': key },
    body: JSON.stringify({ command: COMMAND }),
  });
  return { status: answer.status, body: (await answer.json()) as RunAnswer | ErrorBody };
}

const REFUSED = {
  status: 503,
  body: {
    error: 'Service Unavailable',
    code: 'STORE_UNAVAILABLE',
    details: 'The store does not answer. Nothing was changed; try again.',
    status: 503,
  },
};

/** Time passes: what the server's own clock does every ten seconds. */
function tick(server: Server): Promise<void> {
  const event = { specversion: '1.0', id: 'tick', source: '/test', type: 'dev.runvoy.tick.v1', data: { at_ms: 0 } };
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        socketPath: join(server.ready.data_dir, 'intake.sock'),
        method: 'POST',
        path: '/events/tick',
        headers: { 'content-type': 'application/cloudevents+json' },
      },
      (answer) => answer.resume().on('end', resolve),
    );
    sent.on('error', reject).end(JSON.stringify(event));
  });
}

/** Resolves with the statuses that were seen on the way to a settled end: terminal, told, and forgotten by the platform. */
async function settled(server: Server, id: string, disk?: FailingDisk): Promise<ExecutionStatusBody[]> {
  const seen: ExecutionStatusBody[] = [];
  await poll(async () => {
    // Once the disk has failed, the server may wait for time to pass.
    if (disk && disk.failures > 0) await tick(server);
    const status = await server.call<ExecutionStatusBody>('GET', `/api/v1/executions/${id}/status`);
    seen.push(status);
    return isTerminal(status.status) && !existsSync(join(server.ready.data_dir, 'runs', id)) ? true : undefined;
  });
  return seen;
}

/** One run while the disk fails as told. Answers whether it did. */
async function runThrough(server: Server, fault: DiskFault): Promise<boolean> {
  await using disk = await failDisk([server.ready.pid], fault, filesOf(server));
  const key = JSON.stringify(fault);
  const before = await listed(server);
  let submitted = await submit(server, key);
  const isRefused = submitted.status !== 202;
  if (isRefused) {
    expect(submitted).toMatchObject(REFUSED);
    expect(await listed(server)).toEqual(before);
    await disk.heal();
    submitted = await submit(server, key);
  }
  expect(submitted.status).toBe(202);
  const { execution_id: id } = submitted.body as RunAnswer;
  if (fault.lasts === 'until healed' && !isRefused) {
    const isOver = settled(server, id).then(() => 'over');
    await Promise.race([disk.failed, isOver]);
    if (disk.failures > 0) {
      expect(await submit(server, `${key} another`)).toMatchObject(REFUSED);
      // What needs no disk goes on.
      await server.call('GET', '/api/v1/executions');
      await disk.heal();
    }
  }
  const seen = await settled(server, id, disk);
  const ends = seen.filter(({ status }) => isTerminal(status));
  expect(new Set(ends.map(endOf))).toEqual(new Set(['FAILED 3']));
  const log = await readWholeLog(server, id);
  expect(log.output).toEqual(['one', 'two']);
  expect(log.completeness).toBe('complete');
  expect(log.digests[0]).toBe(log.digests[1]);
  return disk.failures > 0;
}

describe('a disk that fails at the n-th write of a run', () => {
  here.each(SWEEPS)(`$title, for every n${skipped}`, async ({ faultOf }) => {
    await using server = await startServer();
    await server.finished((await server.run('true')).execution_id);
    for (const calls of [WRITES, SYNCS]) {
      let nth = 1;
      while (await runThrough(server, { calls, nth, ...faultOf(nth) })) nth += 1;
      // A run is several transactions of several pages each; fewer would mean that nothing was made to fail.
      expect(nth).toBeGreaterThan(8);
    }
    expect(server.process.exitCode).toBeNull();
    expect(await server.stop()).toBe(0);
  });

  here(`of those who run it, for every n of every kind of call${skipped}`, async () => {
    await using server = await startServer();
    await server.finished((await server.run('true')).execution_id);
    const ends = new Set<string>();
    for (const calls of ['mkdir', 'rename', 'link', SPOOL_WRITES]) {
      let hasFailed = true;
      let nth = 1;
      for (; hasFailed; nth += 1) {
        await supervisorReady(server.ready.pid);
        const spawner = childrenOf(server.ready.pid);
        await using disk = await failDisk([...spawner, ...spawner.flatMap(childrenOf)], { calls, nth, ...ONCE_FULL });
        const { execution_id: id } = await server.run(COMMAND);
        const end = endOf((await settled(server, id, disk)).at(-1)!);
        const log = await readWholeLog(server, id);
        expect(log.completeness).toBe('complete');
        expect(log.output).toEqual(end === 'FAILED 3' ? ['one', 'two'] : []);
        ends.add(end);
        hasFailed = disk.failures > 0;
        if (!hasFailed) expect(end).toBe('FAILED 3');
      }
      // Calls that nobody makes any more would fail nothing.
      expect(`${calls}: ${nth > 2}`).toBe(`${calls}: true`);
    }
    // Where the supervisor cannot begin, or has no place for the command, the run says so and the server goes on.
    expect([...ends].sort()).toEqual(['FAILED 1 spawn', 'FAILED 1 workspace', 'FAILED 3']);
  });

  here(`and is refused is not there after a crash either${skipped}`, async () => {
    const dataDir = newDirectory();
    let key: string;
    {
      await using server = await startServer({ dataDir });
      key = server.key;
      await server.finished((await server.run('true')).execution_id);
      // Everything of the transaction is written by then, its end included.
      await using _ = await failDisk(
        [server.ready.pid],
        { calls: SYNCS, nth: 1, error: 'EIO', lasts: 'until healed' },
        filesOf(server),
      );
      expect(await submit(server, 'refused')).toMatchObject(REFUSED);
      await server.kill();
    }
    await using server = await startServer({ dataDir, key });
    const list = await server.call<readonly ExecutionBody[]>('GET', '/api/v1/executions');
    expect(list.map(({ command }) => command)).toEqual(['true']);
  });
});
