import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ClaimAnswer, CreateUserAnswer, ExecutionBody, ExecutionStatusBody } from '@runvoy/protocol';
import { follow, texts } from '../services/standalone/test/follower.ts';
import { poll, testApi, type TestApi } from '../services/standalone/test/server.ts';
import { newGate } from '../services/standalone/test/gate.ts';

/** One run at a time. */
export const ONE_AT_A_TIME = { RUNVOY_MAX_RUNNING: '1' };

/** Emulators on a busy machine are slow to answer for the first time. */
const OPENING_MS = 120_000;
/** Three runs one after the other, with as many starts of containers. */
const IN_TURN_MS = 120_000;

/** A server that runs one at a time, whatever it runs on. */
export type QueueServer = TestApi &
  AsyncDisposable & {
    /** A directory that commands see at the same path and may read. */
    readonly sharedDirectory: string;
  };

/** The API as another admin has it. */
async function another(server: TestApi, email: string): Promise<TestApi> {
  const { claim_token } = await server.call<CreateUserAnswer>('POST', '/api/v1/users/create', { email, role: 'admin' });
  const { api_key } = await server.call<ClaimAnswer>('GET', `/api/v1/claim/${claim_token}`);
  return testApi(server.ready, api_key);
}

/** Runs that wait for each other, as whoever uses the API sees it: the same on every provider. `open` starts it with `ONE_AT_A_TIME`. */
export function queueLife(open: () => Promise<QueueServer>): void {
  let server: QueueServer;
  beforeAll(async () => {
    server = await open();
  }, OPENING_MS);
  afterAll(async () => server?.[Symbol.asyncDispose]());

  const statusOf = (id: string) => server.call<ExecutionStatusBody>('GET', `/api/v1/executions/${id}/status`);

  test(
    'over the limit they wait in turn, show their place, and can be stopped before they begin',
    async () => {
      const bob = await another(server, 'bob@example.com');
      const [first, second] = [newGate(server.sharedDirectory), newGate(server.sharedDirectory)];
      const running = await server.run(`echo first; read x < ${first.path}`);
      expect(running).not.toHaveProperty('waiting_for');
      const next = await server.run({
        command: `echo "second $COLOUR"; read x < ${second.path}`,
        env: { COLOUR: 'red' },
      });
      expect(next).toMatchObject({ status: 'STARTING', waiting_for: 'slot' });
      const stopped = await server.run('echo never');
      const ofBob = await bob.run('echo third');

      // Bob's only run goes before the second of the other one.
      const limit = { waiting: 3, limit: 'deployment', max_running: 1 };
      expect(await statusOf(next.execution_id)).toMatchObject({ waiting_for: 'slot', queue: { place: 1, ...limit } });
      expect(await statusOf(ofBob.execution_id)).toMatchObject({ waiting_for: 'slot', queue: { place: 2, ...limit } });
      expect(await statusOf(stopped.execution_id)).toMatchObject({
        waiting_for: 'slot',
        queue: { place: 3, ...limit },
      });
      const listed = await server.call<ExecutionBody[]>('GET', '/api/v1/executions');
      expect(listed.map(({ queue }) => queue?.place)).toEqual([2, 3, 1, undefined]);

      await server.call('DELETE', `/api/v1/executions/${stopped.execution_id}`);
      expect(await statusOf(stopped.execution_id)).toMatchObject({ status: 'STOPPED', exit_code: 130 });
      const nothing = await follow(stopped.websocket_url).done;
      expect(nothing).toMatchObject({ lines: [], end: { completeness: 'complete', lines: 0 } });

      const followed = follow(next.websocket_url);
      await server.until(running.execution_id, ({ status }) => status === 'RUNNING');
      first.open();
      await followed.line((line) => line.text === 'second red');
      expect(await statusOf(running.execution_id)).toMatchObject({ status: 'SUCCEEDED' });
      expect(await statusOf(ofBob.execution_id)).toMatchObject({ status: 'STARTING', queue: { place: 1, waiting: 1 } });
      second.open();
      const { statuses, end } = await followed.done;
      expect(statuses[0]).toMatchObject({ status: 'STARTING', waiting_for: 'slot' });
      expect(statuses.at(-1)).toMatchObject({ status: 'SUCCEEDED' });
      expect(end).toMatchObject({ completeness: 'complete' });

      expect(texts(await follow(ofBob.websocket_url).done, 'stdout')).toEqual(['third']);
      expect(await server.finished(ofBob.execution_id)).not.toHaveProperty('queue');
    },
    IN_TURN_MS,
  );

  test('one handed in while nobody waits begins at once again', async () => {
    await poll(async () => {
      const unfinished = await server.call<ExecutionBody[]>(
        'GET',
        '/api/v1/executions?status=STARTING,RUNNING,TERMINATING',
      );
      return unfinished.length === 0 ? true : undefined;
    });
    const run = await server.run('echo again');
    expect(run).not.toHaveProperty('waiting_for');
    expect(await server.finished(run.execution_id)).toMatchObject({ status: 'SUCCEEDED' });
  }, 60_000);
}
