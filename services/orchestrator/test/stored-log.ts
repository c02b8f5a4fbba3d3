import { createHash } from 'node:crypto';
import { appendBatch, applyEvidence, executionRef, type Evidence } from '@runvoy/core';
import { digestRow, type LogLine } from '@runvoy/protocol';
import { T0, type World } from './world.ts';

const BOOTSTRAPPED = {
  kind: 'bootstrapped',
  attempt: 1,
  nonce_hash: 'n',
  platform_execution: 'p',
  at_ms: T0,
} as const satisfies Evidence;

/** A run that was accepted. */
export async function run(world: World): Promise<string> {
  const id = (await world.call('POST', '/api/v1/run', { command: 'echo hi' })).json().execution_id as string;
  return id;
}

/** Lines of stdout, numbered from `from`. */
export const linesOf = (from: number, texts: readonly string[], more: Partial<LogLine> = {}): LogLine[] =>
  texts.map((text, index) => ({ seq: from + index, stream: 'stdout', ms: T0 + index, text, ...more }));

/** Stores them as one batch. */
export async function write(world: World, id: string, lines: readonly LogLine[]): Promise<void> {
  await appendBatch(world, id, { from: lines[0]!.seq, lines, expires_at: 0, key_id: 'k', mac: '' });
}

/** Its runner has the command. */
export async function begin(world: World, id: string): Promise<void> {
  await applyEvidence(world, id, [BOOTSTRAPPED]);
}

/** Ends the run, with an end record over these lines. Returns their SHA-256. */
export async function end(world: World, id: string, lines: readonly LogLine[], exit_code = 0): Promise<string> {
  const sha256 = createHash('sha256').update(lines.map(digestRow).join('')).digest('hex');
  const report = { cause: 'exited' as const, exit_code, started_at_ms: T0, ended_at_ms: T0, stored_at_ms: T0 };
  await applyEvidence(world, id, [
    BOOTSTRAPPED,
    { kind: 'finished', attempt: 1, report },
    { kind: 'platform_ended', attempt: 1, end: { platform_execution: 'p', at_ms: T0, kind: 'exited' } },
  ]);
  await world.records.transact(async (tx) => {
    const execution = (await tx.get(executionRef(id)))!;
    tx.set(executionRef(id), { ...execution, end_record: { lines: lines.length, bytes: 1, sha256, maskings: 0 } });
  });
  return sha256;
}
