import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { livingProcesses, STUBBORN_COMMANDS } from '@runvoy/core/contracts';
import type { ExecutionStatusBody, RunRequest } from '@runvoy/protocol';
import { follow } from '../services/standalone/test/follower.ts';
import { poll } from '../services/standalone/test/server.ts';
import type { LifeServer } from './run-life.ts';

// Graces are real time, and the machine may be busy with others.
jest.setTimeout(120_000);

/** Emulators on a busy machine are slow to answer for the first time. */
const OPENING_MS = 180_000;
const DEAF = `trap '' TERM; echo begun; while :; do sleep 0.1; done`;

/** Asks for a stop, and answers the HTTP status. */
export async function askToStop({ ready, key }: LifeServer, id: string, query = ''): Promise<number> {
  const url = `${ready.api_url}/api/v1/executions/${id}${query}`;
  const answer = await fetch(url, { method: 'DELETE', headers: { 'X-API-Key': key } });
  await answer.text();
  return answer.status;
}

/** The times of a stop's steps, in the order in which they must have happened; those that did not are left out. */
export function stepsOf({ cancel }: ExecutionStatusBody): number[] {
  const { requested, hastened, signalled, killed, confirmed } = cancel ?? {};
  return [requested, hastened, signalled, killed, confirmed].flatMap((time) =>
    time === undefined ? [] : [Date.parse(time)],
  );
}

/** Starts a run and waits until its command has printed `begun`. */
export async function begun(server: LifeServer, request: RunRequest): Promise<string> {
  const { execution_id, websocket_url } = await server.run(request);
  await follow(websocket_url).line(({ text }) => text === 'begun');
  return execution_id;
}

/** A stop as whoever uses the API sees it: the same on every provider. */
export function stopLife(open: () => Promise<LifeServer>): void {
  let server: LifeServer;
  beforeAll(async () => {
    server = await open();
  }, OPENING_MS);
  afterAll(async () => server?.[Symbol.asyncDispose]());

  /** STOPPED was shown, so nothing of it may live. */
  async function confirmed(id: string): Promise<ExecutionStatusBody> {
    const status = await server.finished(id);
    expect(livingProcesses(id)).toEqual([]);
    return status;
  }

  test.each(STUBBORN_COMMANDS.map((one) => [one.name, one] as const))(
    '%s is STOPPED when nothing of it lives, and each step is told',
    async (_, { command, isKilled }) => {
      const id = await begun(server, { command, grace: 1 });
      expect(await askToStop(server, id)).toBe(200);
      const status = await confirmed(id);
      expect(status).toMatchObject({ status: 'STOPPED', exit_code: 130 });
      expect(Object.keys(status.cancel!).sort()).toEqual(
        ['confirmed', 'requested', 'signalled', ...(isKilled ? ['killed'] : [])].sort(),
      );
      expect(stepsOf(status)).toEqual(stepsOf(status).toSorted((a, b) => a - b));
    },
  );

  test('stopped twice it is answered 200 and 204, and by several at once 200 once', async () => {
    const twice = await begun(server, { command: DEAF, grace: 1 });
    expect([await askToStop(server, twice), await askToStop(server, twice)]).toEqual([200, 204]);
    const atOnce = await begun(server, { command: DEAF, grace: 1 });
    const answers = await Promise.all([1, 2, 3, 4].map(() => askToStop(server, atOnce)));
    expect(answers.sort()).toEqual([200, 204, 204, 204]);
    for (const id of [twice, atOnce]) {
      expect(await confirmed(id)).toMatchObject({ status: 'STOPPED' });
      expect(await askToStop(server, id)).toBe(204);
    }
  });

  test('forced, it is killed without a grace', async () => {
    const id = await begun(server, { command: DEAF, grace: 600 });
    expect(await askToStop(server, id, '?force=true')).toBe(200);
    const status = await confirmed(id);
    expect(status).toMatchObject({ status: 'STOPPED', cancel: { killed: expect.any(String) } });
    const [, signalled, killed] = stepsOf(status);
    expect(killed! - signalled!).toBeLessThan(3_000);
  });

  test('forced while it is stopping, it is left no more time', async () => {
    const id = await begun(server, { command: DEAF, grace: 600 });
    expect(await askToStop(server, id)).toBe(200);
    expect(await server.until(id, () => true)).toMatchObject({ status: 'TERMINATING' });
    expect(await askToStop(server, id, '?force=true')).toBe(200);
    expect(await askToStop(server, id, '?force=true')).toBe(204);
    const status = await confirmed(id);
    expect(status).toMatchObject({ status: 'STOPPED', cancel: { hastened: expect.any(String) } });
    expect(stepsOf(status)).toHaveLength(5);
    const [requested, , , , gone] = stepsOf(status);
    expect(gone! - requested!).toBeLessThan(60_000);
  });

  test('that ended by itself before its stop keeps its own end, and no stop is confirmed', async () => {
    const { execution_id: id } = await server.run('exit 3');
    await poll(async () => ((await server.until(id, () => true)).completed_at === undefined ? undefined : true));
    expect(await askToStop(server, id)).toBe(204);
    const { status, exit_code, cancel } = await server.finished(id);
    expect({ status, exit_code, cancel }).toEqual({ status: 'FAILED', exit_code: 3, cancel: undefined });
  });

  test('stopped while it is still starting, it is STOPPED and nothing of it comes later', async () => {
    const { execution_id: id } = await server.run({ command: DEAF, grace: 1 });
    await askToStop(server, id);
    expect(await confirmed(id)).toMatchObject({ status: 'STOPPED', exit_code: 130 });
  }, 240_000);
}
