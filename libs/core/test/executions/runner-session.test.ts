import { describe, expect, test } from '@jest/globals';
import { runnerSession, verifyRunnerMessage, type RunnerMessage } from '../../src/executions/runner-session.ts';
import { RunWorld, T0, type RunningRun } from '../run-world.ts';

const refused = expect.objectContaining({ code: 'BAD_SIGNATURE' });

async function messages(): Promise<{ run: RunningRun; all: readonly RunnerMessage[] }> {
  const world = await RunWorld.open();
  const run = await world.running();
  const all: RunnerMessage[] = [
    { kind: 'logs', body: run.logs(1, 'a', 'b') },
    { kind: 'heartbeat', body: run.heartbeat({ acked_through: 2, stop_progress: { signalled_ms: T0 } }) },
    { kind: 'finished', body: run.report({ exit_code: 3 }) },
  ];
  return { run, all };
}

function verify(run: RunningRun, message: RunnerMessage, { at = T0, id = run.id } = {}): void {
  verifyRunnerMessage(run.world.signingKeys, at, id, message);
}

test('what the session signed is verified, whatever the order of its fields', async () => {
  const { run, all } = await messages();
  for (const message of all) {
    verify(run, message);
    const body = Object.fromEntries(Object.entries(message.body).toReversed());
    verify(run, { kind: message.kind, body } as unknown as RunnerMessage);
  }
});

test('a message of one execution says nothing of another', async () => {
  const { run, all } = await messages();
  for (const message of all) expect(() => verify(run, message, { id: 'f'.repeat(32) })).toThrow(refused);
});

test('a session ends when it expires, and its end cannot be moved', async () => {
  const { run, all } = await messages();
  const at = run.session.expires_at;
  for (const message of all) {
    verify(run, message, { at: at - 1 });
    expect(() => verify(run, message, { at })).toThrow(refused);
    const prolonged = { kind: message.kind, body: { ...message.body, expires_at: at + 1 } } as RunnerMessage;
    expect(() => verify(run, prolonged, { at })).toThrow(refused);
  }
});

test('one kind of message cannot be taken for another', async () => {
  const { run, all } = await messages();
  const heartbeat = all[1]!;
  expect(() => verify(run, { kind: 'finished', body: heartbeat.body } as RunnerMessage)).toThrow(refused);
});

describe('any change is noticed', () => {
  test('in a batch: its number, and the number, stream, time, text and continuation of a line', async () => {
    const { run } = await messages();
    const body = run.logs(1, 'a', 'b');
    const [first, ...rest] = body.lines;
    const changes = [{ seq: 9 }, { stream: 'stderr' }, { ms: 1 }, { text: 'A' }, { partial: true }];
    for (const change of changes) {
      const changed = { ...body, lines: [{ ...first, ...change }, ...rest] } as typeof body;
      expect(() => verify(run, { kind: 'logs', body: changed })).toThrow(refused);
    }
    expect(() => verify(run, { kind: 'logs', body: { ...body, from: 2 } })).toThrow(refused);
    expect(() => verify(run, { kind: 'logs', body: { ...body, lines: rest } })).toThrow(refused);
    expect(() => verify(run, { kind: 'logs', body: { ...body, mac: '' } })).toThrow(refused);
  });

  test('in a report: every field', async () => {
    const { run } = await messages();
    const body = run.report({ exit_code: 3 });
    for (const field of Object.keys(body)) {
      const changed = { ...body, [field]: 'x' } as typeof body;
      expect(() => verify(run, { kind: 'finished', body: changed })).toThrow(refused);
    }
    expect(() => verify(run, { kind: 'finished', body: { ...body, signal: 'SIGTERM' } })).toThrow(refused);
  });
});

describe('signing keys', () => {
  const [old, next] = [
    { id: 'k1', secret: Buffer.alloc(32, 1) },
    { id: 'k2', secret: Buffer.alloc(32, 2) },
  ];

  test('a session of the previous key is verified until it is dropped', async () => {
    const { run, all } = await messages();
    for (const message of all) {
      verifyRunnerMessage({ current: next, previous: old }, T0, run.id, message);
      expect(() => verifyRunnerMessage({ current: next }, T0, run.id, message)).toThrow(refused);
    }
  });

  test('sessions differ by execution, expiry and key', () => {
    const keys = [
      runnerSession({ current: old }, 'a', 1),
      runnerSession({ current: old }, 'b', 1),
      runnerSession({ current: old }, 'a', 2),
      runnerSession({ current: next }, 'a', 1),
    ].map(({ key }) => key);
    expect(new Set(keys).size).toBe(4);
  });
});
