import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import {
  signedText,
  type FinishedMessage,
  type HeartbeatMessage,
  type LogsMessage,
  type Unsigned,
} from '../src/index.ts';

const ID = '0123456789abcdef0123456789abcdef';
const KEY = Buffer.from('01'.padStart(64, '0'), 'hex');
const session = { expires_at: 1_800_000_000_000, key_id: 'k1' };
const macOf = (text: string) => createHmac('sha256', KEY).update(text).digest('hex');

const logs: Unsigned<LogsMessage> = {
  from: 1,
  lines: [
    { seq: 1, stream: 'stdout', ms: 1_700_000_000_000, text: 'hello' },
    { seq: 2, stream: 'stderr', ms: 1_700_000_000_001, text: '', partial: true },
    { seq: 3, stream: 'system', ms: 1_700_000_000_002, text: '### runvoy ✓ \u{1f600}\tend' },
  ],
  ...session,
};
const heartbeat: Unsigned<HeartbeatMessage> = { acked_through: 7, stop_progress: { signalled_ms: 5 }, ...session };
const finished: Unsigned<FinishedMessage> = {
  cause: 'exited',
  exit_code: 3,
  started_at: 1,
  ended_at: 2,
  lines: 3,
  bytes: 25,
  sha256: 'ab',
  maskings: 0,
  ...session,
};

// The MACs were computed by another implementation, in another language.
describe('what a MAC covers', () => {
  test('of a batch: key, expiry and rows', () => {
    const text = signedText('logs', ID, logs);
    expect(text.startsWith(`runvoy.logs.v1\n${ID}\nk1\n1800000000000\n1\n1\tstdout\t0\t`)).toBe(true);
    expect(macOf(text)).toBe('23ecc7ffd69bab0316960772029f1b3f8b2fd12465c0fa2f6ef210ff20fb1045');
  });

  test('of a heartbeat: its canonical JSON', () => {
    const text = signedText('heartbeat', ID, heartbeat);
    expect(text).toBe(
      `runvoy.heartbeat.v1\n${ID}\n{"acked_through":7,"expires_at":1800000000000,"key_id":"k1","stop_progress":{"signalled_ms":5}}`,
    );
    expect(macOf(text)).toBe('c50ed189351d8554e52a23bf844036c37e486a93b15885c8ee2fe39e7a933d1c');
  });

  test('of a report: its canonical JSON', () => {
    const text = signedText('finished', ID, finished);
    expect(text).toBe(
      `runvoy.finished.v1\n${ID}\n{"bytes":25,"cause":"exited","ended_at":2,"exit_code":3,"expires_at":1800000000000,"key_id":"k1","lines":3,"maskings":0,"sha256":"ab","started_at":1}`,
    );
    expect(macOf(text)).toBe('b23f575703fea763c2957309502cc507d8bbcaea1cecbc977bc57a63e20a55e0');
  });
});

test('the order of fields does not matter, at any depth', () => {
  const reversed = <T extends object>(value: T): T => Object.fromEntries(Object.entries(value).toReversed()) as T;
  expect(signedText('finished', ID, reversed(finished))).toBe(signedText('finished', ID, finished));
  expect(signedText('logs', ID, { ...reversed(logs), lines: logs.lines.map(reversed) })).toBe(
    signedText('logs', ID, logs),
  );
  const progress = { signalled_ms: 5, killed_ms: 9 };
  expect(signedText('heartbeat', ID, { ...heartbeat, stop_progress: reversed(progress) })).toBe(
    signedText('heartbeat', ID, { ...heartbeat, stop_progress: progress }),
  );
});

test('the MAC itself is not covered, so a signed message gives the text it was signed with', () => {
  const mac = 'f'.repeat(64);
  expect(signedText('logs', ID, Object.assign({ mac }, logs))).toBe(signedText('logs', ID, logs));
  expect(signedText('heartbeat', ID, Object.assign({ mac }, heartbeat))).toBe(signedText('heartbeat', ID, heartbeat));
  expect(signedText('finished', ID, Object.assign({ mac }, finished))).toBe(signedText('finished', ID, finished));
});

test('a field that is undefined is no field', () => {
  const sent = JSON.parse(JSON.stringify({ ...finished, signal: undefined })) as typeof finished;
  expect(signedText('finished', ID, Object.assign({ signal: undefined }, finished) as never)).toBe(
    signedText('finished', ID, sent),
  );
});

test('no two kinds, executions or messages have one text', () => {
  const texts = [
    signedText('logs', ID, logs),
    signedText('logs', 'f'.repeat(32), logs),
    signedText('logs', ID, { ...logs, expires_at: 1 }),
    signedText('logs', ID, { ...logs, key_id: 'k2' }),
    signedText('logs', ID, { ...logs, from: 2 }),
    signedText('heartbeat', ID, heartbeat),
    signedText('finished', ID, finished),
    signedText('finished', ID, { ...finished, exit_code: 0 }),
  ];
  expect(new Set(texts).size).toBe(texts.length);
});
