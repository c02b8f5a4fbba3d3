import { describe, expect, test } from '@jest/globals';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import {
  BootstrapRequestSchema,
  FinishedMessageSchema,
  HeartbeatMessageSchema,
  LogsMessageSchema,
} from '../../src/schemas/index.ts';

const signed = { expires_at: 1, key_id: 'k1', mac: 'a'.repeat(64) };
const line = { seq: 1, stream: 'stdout', ms: 0, text: 'a' };
const logs = { from: 1, lines: [line], ...signed };
const heartbeat = { acked_through: 0, ...signed };
const finished = {
  cause: 'exited',
  exit_code: 0,
  started_at: 1,
  ended_at: 2,
  lines: 0,
  bytes: 0,
  sha256: 'b'.repeat(64),
  maskings: 0,
  ...signed,
};
const bootstrap = { token: 't', attempt: 1, nonce: 'c'.repeat(32), runner_version: '1' };

test.each<[string, TSchema, object]>([
  ['a bootstrap', BootstrapRequestSchema, bootstrap],
  ['a bootstrap with a name', BootstrapRequestSchema, { ...bootstrap, platform_execution: 'local/x/1' }],
  ['a batch', LogsMessageSchema, logs],
  ['a batch with a continuation', LogsMessageSchema, { ...logs, lines: [{ ...line, partial: true }] }],
  ['a heartbeat', HeartbeatMessageSchema, { ...heartbeat, stop_progress: { signalled_ms: 1, killed_ms: 2 } }],
  ['a heartbeat of one that prepares', HeartbeatMessageSchema, { ...heartbeat, preparing: 'git_clone' }],
  ['a heartbeat of one whose output waits', HeartbeatMessageSchema, { ...heartbeat, output_wait: 'log_delivery' }],
  ['a report', FinishedMessageSchema, { ...finished, signal: 'SIGKILL', reason: 'spawn' }],
])('%s as the runner sends it is accepted', (_, schema, message) => {
  expect(Value.Check(schema, message)).toBe(true);
});

describe('refused', () => {
  test.each<[string, object]>([
    ['no line', { ...logs, lines: [] }],
    ['a line zero', { ...logs, lines: [{ ...line, seq: 0 }] }],
    ['a line feed in a text', { ...logs, lines: [{ ...line, text: 'a\nb' }] }],
    ['a field that the MAC does not cover', { ...logs, lines: [{ ...line, note: 'x' }] }],
    ['a continuation that is none', { ...logs, lines: [{ ...line, partial: false }] }],
    ['an unknown stream', { ...logs, lines: [{ ...line, stream: 'stdin' }] }],
    ['no signature', { ...logs, mac: undefined }],
    ['a signature in capitals', { ...logs, mac: 'A'.repeat(64) }],
  ])('a batch with %s', (_, message) => {
    expect(Value.Check(LogsMessageSchema, message)).toBe(false);
  });

  test.each<[string, object]>([
    ['an unknown cause', { ...finished, cause: 'lost' }],
    ['half an exit code', { ...finished, exit_code: 0.5 }],
    ['an exit code no process has', { ...finished, exit_code: 256 }],
    ['a digest that is none', { ...finished, sha256: '' }],
    ['lines below none', { ...finished, lines: -1 }],
  ])('a report with %s', (_, message) => {
    expect(Value.Check(FinishedMessageSchema, message)).toBe(false);
  });

  test.each<[string, object]>([
    ['no token', { ...bootstrap, token: '' }],
    ['a nonce of another length', { ...bootstrap, nonce: 'c' }],
    ['no attempt', { ...bootstrap, attempt: 0 }],
  ])('a bootstrap with %s', (_, message) => {
    expect(Value.Check(BootstrapRequestSchema, message)).toBe(false);
  });
});
