import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setTimeout } from 'node:timers/promises';
import { livingProcesses } from '@runvoy/core/contracts';
import { isTerminal, type ExecutionBody, type ExplainBody, type LogsBody } from '@runvoy/protocol';
import { follow, texts } from '../services/standalone/test/follower.ts';
import { poll, type TestApi } from '../services/standalone/test/server.ts';
import { newGate } from '../services/standalone/test/gate.ts';

/** What the processes of the server under test have in their environment, and no command may see. */
export const HIDDEN_ENV = { SERVER_ONLY: 'hidden' };

/** Emulators on a busy machine are slow to answer for the first time. */
const OPENING_MS = 120_000;

/**
 * One that was cancelled before it had the command is settled by a tick, when nothing can still come by its safety lane: up to 45 s
 * after its end, and ticks are a minute apart.
 */
const SETTLING_MS = 180_000;

/** A server, whatever it runs on. */
export type LifeServer = TestApi &
  AsyncDisposable & {
    /** A directory that commands see at the same path and may read. */
    readonly sharedDirectory: string;
  };

/** The life of a run, as whoever uses the API sees it: the same on every provider. `open` starts a server with `HIDDEN_ENV`. */
export function runLife(open: () => Promise<LifeServer>): void {
  let server: LifeServer;
  beforeAll(async () => {
    server = await open();
  }, OPENING_MS);
  afterAll(async () => server?.[Symbol.asyncDispose]());

  test('says what it used once it has ended, and not before', async () => {
    const { execution_id: id } = await server.run('echo hi');
    const started = await server.until(id, () => true);
    if (started.completed_at === undefined) expect(started.usage).toBeUndefined();
    const { usage, cost, isolation } = await server.finished(id);
    const isCharged = isolation === 'cloud-run';
    expect(usage).toMatchObject({
      seconds: expect.any(Number),
      basis: expect.stringMatching(isCharged ? /^time as the platform measured it/ : /^time from when its runner/),
    });
    expect(usage!.log_bytes).toBeGreaterThan(1);
    expect(usage!.store_operations).toBe(usage!.store_reads + usage!.store_writes);
    // The sidecar is charged, too: its vCPU and GiB beside the command's own.
    if (isCharged) expect(usage!.vcpu_seconds).toBeGreaterThanOrEqual(2 * 60);
    else expect(usage!.charged_seconds).toBe(usage!.seconds);
    // No prices are configured here, and none are made up.
    expect(cost).toBeUndefined();
    const listed = await server.call<ExecutionBody[]>('GET', '/api/v1/executions');
    expect(listed.find(({ execution_id }) => execution_id === id)?.usage).toEqual(usage);
  });

  const explain = (id: string) => server.call<ExplainBody>('GET', `/api/v1/executions/${id}/explain`);

  test('is explained from its request to its end, in the order of its life', async () => {
    const run = await server.run('echo hi; exit 3');
    await server.finished(run.execution_id);
    const { evidence, rule, summary } = await explain(run.execution_id);
    const kinds = evidence.map(({ kind }) => kind).filter((kind) => kind !== 'start_answered');
    expect(kinds.slice(0, 3)).toEqual(['requested', 'start_made', 'bootstrapped']);
    expect(kinds.toSorted()).toEqual(
      [
        'requested',
        'start_made',
        'bootstrapped',
        'command_started',
        'command_ended',
        'reported',
        'platform_end',
        'settled',
      ].toSorted(),
    );
    expect(summary).toBe('its command ended with exit code 3');
    expect(rule).toMatch(
      /its runner says: the command ended by itself with exit code 3\. So it is FAILED with exit code 3\.$/,
    );
  });

  test('whose repository cannot be cloned fails before its command, and says so', async () => {
    const run = await server.run({ command: 'echo never', git_repo: 'https://127.0.0.1:9/nothing.git' });
    expect(await server.finished(run.execution_id)).toMatchObject({
      status: 'FAILED',
      reason: 'git_clone',
      reason_text: 'its repository could not be cloned',
    });
    const { evidence, happened, to_do } = await explain(run.execution_id);
    expect(evidence.find(({ kind }) => kind === 'reported')?.text).toContain(
      'the command was never started: its repository could not be cloned',
    );
    expect(evidence.map(({ kind }) => kind)).not.toContain('command_started');
    expect([happened, to_do]).toEqual([expect.stringContaining('cloned'), expect.stringContaining('--git-repo')]);
  });

  test('shows its lines as written, keeps its streams apart and passes its exit code on', async () => {
    const gate = newGate(server.sharedDirectory);
    const run = await server.run(`echo out; echo err >&2; read x < ${gate.path}; echo more; exit 3`);
    const follower = follow(run.websocket_url);
    await follower.line((line) => line.text === 'err');
    gate.open();
    const followed = await follower.done;
    expect(texts(followed, 'stdout')).toEqual(['out', 'more']);
    expect(texts(followed, 'stderr')).toEqual(['err']);
    expect(followed.statuses.at(-1)).toMatchObject({ status: 'FAILED', exit_code: 3 });
    expect(followed.end).toMatchObject({ completeness: 'complete', lines: followed.lines.length });
    expect(followed.closeCode).toBe(1000);
  });

  test('is seen whole, every line once, by who joins in the middle and by who joins after the end', async () => {
    const gate = newGate(server.sharedDirectory);
    const run = await server.run(
      `for i in 1 2 3; do echo a$i; done; read x < ${gate.path}; for i in 1 2 3; do echo b$i; done`,
    );
    const first = follow(run.websocket_url);
    await first.line((line) => line.text === 'a3');
    const middle = follow(run.websocket_url);
    await middle.line((line) => line.text === 'a3');
    gate.open();
    const late = first.done.then(() => follow(run.websocket_url).done);
    for (const followed of await Promise.all([first.done, middle.done, late])) {
      expect(texts(followed)).toEqual(['a1', 'a2', 'a3', 'b1', 'b2', 'b3']);
      expect(followed.lines.map((line) => line.seq)).toEqual(followed.lines.map((_, index) => index + 1));
      expect(followed.end?.completeness).toBe('complete');
    }
  });

  test('resumes behind a cursor with exactly the next line', async () => {
    const run = await server.run('seq 1 500');
    await server.finished(run.execution_id);
    const whole = await follow(run.websocket_url).done;
    const rest = await follow(run.websocket_url, 123).done;
    expect(rest.lines).toEqual(whole.lines.slice(123));
  });

  test('that ignores SIGTERM, with children in its group and one that escaped, is STOPPED only when nothing of it lives', async () => {
    const command = `trap '' TERM; (trap '' TERM; while :; do sleep 1; done) & setsid sh -c "trap '' TERM; while :; do sleep 1; done" & echo ready; while :; do sleep 1; done`;
    const run = await server.run({ command, grace: 1 });
    await follow(run.websocket_url).line((line) => line.text === 'ready');
    await poll(() => (livingProcesses(run.execution_id).length >= 3 ? true : undefined));
    await server.call('DELETE', `/api/v1/executions/${run.execution_id}`);
    expect((await server.until(run.execution_id, () => true)).status).toBe('TERMINATING');
    const status = await server.finished(run.execution_id);
    expect(livingProcesses(run.execution_id)).toEqual([]);
    expect(status).toMatchObject({ status: 'STOPPED', exit_code: 130 });
    const told = (await explain(run.execution_id)).evidence.map(({ kind }) => kind);
    expect(told).toEqual(expect.arrayContaining(['stop_requested', 'signalled', 'killed', 'reported', 'platform_end']));
    const { requested, signalled, killed, confirmed } = status.cancel!;
    const times = [requested, signalled, killed, confirmed].map((time) => Date.parse(time!));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[2]! - times[1]!).toBeGreaterThanOrEqual(900);
  });

  test('that does not end in time fails with 124 and says timeout', async () => {
    const run = await server.run({ command: 'echo begun; sleep 600', timeout: 1, grace: 1 });
    expect(await server.finished(run.execution_id)).toMatchObject({
      status: 'FAILED',
      exit_code: 124,
      reason: 'timeout',
      reason_text: 'its time limit was over',
    });
    expect((await explain(run.execution_id)).rule).toContain('the command was ended because its time limit was over');
    expect(livingProcesses(run.execution_id)).toEqual([]);
  });

  test(
    'stopped at once is STOPPED, whether or not it had begun',
    async () => {
      const runs = await Promise.all(Array.from({ length: 5 }, () => server.run({ command: 'sleep 600', grace: 1 })));
      await Promise.all(runs.map((run) => server.call('DELETE', `/api/v1/executions/${run.execution_id}`)));
      for (const run of runs) {
        expect(await server.finished(run.execution_id)).toMatchObject({ status: 'STOPPED', exit_code: 130 });
        expect(livingProcesses(run.execution_id)).toEqual([]);
      }
    },
    SETTLING_MS,
  );

  test('is given the secrets it names, and shows none of their values', async () => {
    const value = `kept-${'x'.repeat(20)}`;
    await server.call('POST', '/api/v1/secrets', { name: 'life', key_name: 'LIFE_VALUE', value });
    const run = await server.run({
      command: 'echo "it is $LIFE_VALUE, of ${#LIFE_VALUE} characters"',
      secrets: ['life'],
    });
    await server.finished(run.execution_id);
    expect(texts(await follow(run.websocket_url).done, 'stdout')).toEqual(['it is ***, of 25 characters']);
    await server.call('DELETE', '/api/v1/secrets/life');
  });

  test('never shows the values of variables whose names look secret', async () => {
    const run = await server.run({
      command: 'echo "token is $MY_TOKEN"; env',
      env: { MY_TOKEN: 's3cr3t-value', PLAIN: 'seen' },
    });
    const followed = await follow(run.websocket_url).done;
    const all = followed.lines.map((line) => line.text).join('\n');
    expect(all).not.toContain('s3cr3t-value');
    expect(all).toContain('token is ***');
    expect(all).toContain('PLAIN=seen');
  });

  test('sees nothing of the server’s own environment', async () => {
    const run = await server.run('env | sort');
    const names = texts(await follow(run.websocket_url).done).map((line) => line.split('=')[0]);
    for (const name of Object.keys(HIDDEN_ENV)) expect(names).not.toContain(name);
    expect(names).toEqual(expect.arrayContaining(['PATH', 'RUNVOY_EXECUTION_ID']));
  });

  test('twenty at once with three followers each are all complete, exact and unmixed', async () => {
    const runs = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        server.run(`i=0; while [ $i -lt 200 ]; do echo "run ${n} line $i"; i=$((i+1)); done; echo "run ${n} done" >&2`),
      ),
    );
    const following = Promise.all(runs.map((run) => Promise.all([0, 1, 2].map(() => follow(run.websocket_url).done))));
    const all = await toldWhoIsLate(following, runs);
    all.forEach((followers, n) => {
      const expected = Array.from({ length: 200 }, (_, i) => `run ${n} line ${i}`);
      for (const followed of followers) {
        expect(texts(followed, 'stdout')).toEqual(expected);
        expect(texts(followed, 'stderr')).toEqual([`run ${n} done`]);
        expect(followed.end?.completeness).toBe('complete');
      }
    });
  });

  /** Rejects shortly before the test's own limit, which would say nothing, with where each run stands that is not over. */
  async function toldWhoIsLate<T>(all: Promise<T>, runs: readonly { readonly execution_id: string }[]): Promise<T> {
    const late = new AbortController();
    const told = async (): Promise<never> => {
      await setTimeout(45_000, undefined, { signal: late.signal });
      const explained = await Promise.all(runs.map(({ execution_id: id }) => explain(id)));
      const unended = explained.filter(({ status }) => !isTerminal(status));
      const where = unended.map(({ status, evidence }) => `${status} ${JSON.stringify(evidence)}`);
      throw new Error(
        `A follower still waits after 45 s; of ${runs.length} runs ${unended.length} are not over. ${where.join('\n')}`,
      );
    };
    try {
      return await Promise.race([all, told()]);
    } finally {
      late.abort();
    }
  }

  test('answers REST with the same lines as the live view', async () => {
    const run = await server.run('printf "no line feed"');
    const followed = await follow(run.websocket_url).done;
    const rest = await server.call<LogsBody>('GET', `/api/v1/executions/${run.execution_id}/logs?after=0`);
    expect(rest.events!.map((event) => event.message)).toEqual(followed.lines.map((line) => line.text));
    expect(rest.events!.at(-1)).toMatchObject({ message: 'no line feed', partial: true });
    expect(rest).toMatchObject({ completeness: 'complete', status: 'SUCCEEDED' });
    expect(rest.next_after).toBeUndefined();
  });
}
