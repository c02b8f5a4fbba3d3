import { createHash } from 'node:crypto';
import { newChunk, type Execution, type LogChunk } from '@runvoy/core';
import { digestRow, type LogLine } from '@runvoy/protocol';

/** 2025-06-01T00:00:00Z. */
export const T0 = 1_748_736_000_000;
export const EXECUTION_ID = '0123456789abcdef0123456789abcdef';

/** A running execution of dev@example.com, with what a test says otherwise. */
export function sampleExecution(changes: Partial<Execution> = {}): Execution {
  const base: Execution = {
    execution_id: EXECUTION_ID,
    created_by: 'dev@example.com',
    owned_by: ['dev@example.com'],
    command: 'echo hi',
    image_id: 'host',
    image: 'host',
    cpu: 1,
    memory_mib: 512,
    isolation: 'process',
    timeout_s: 3_600,
    grace_ms: 10_000,
    max_log_bytes: 1_000_000,
    request_id: 'r0',
    modified_by_request_id: 'r0',
    started_at_ms: T0,
    cloud: 'LOCAL',
    facts: {
      attempts: [{ attempt: 1, token_hash: '', made_at_ms: T0 }],
      bound: { attempt: 1, nonce_hash: '', platform_execution: 'p1', at_ms: T0 },
    },
    status: 'RUNNING',
    unfinished: true,
    faults: [],
  };
  return { ...base, ...changes };
}

/** The same execution when its command has ended with exit code 0. */
export function ended(execution: Execution, atMs: number, changes: Partial<Execution> = {}): Execution {
  return {
    ...execution,
    status: 'SUCCEEDED',
    exit_code: 0,
    unfinished: false,
    completed_at_ms: atMs,
    ...changes,
  };
}

/** Lines `from` to `through`; each text names its number. */
export function sampleLines(from: number, through: number, textOf = (seq: number) => `line ${seq}`): LogLine[] {
  return Array.from({ length: through - from + 1 }, (_, index) => {
    const seq = from + index;
    return { seq, stream: 'stdout', ms: T0 + seq, text: textOf(seq) };
  });
}

export function chunkOf(lines: readonly LogLine[], executionId = EXECUTION_ID): LogChunk {
  const from = lines[0]?.seq ?? 0;
  return newChunk(executionId, { from, lines } as Parameters<typeof newChunk>[1], T0);
}

/** What a runner says of a log that ends with these lines. */
export function endRecordOf(lines: readonly LogLine[]): NonNullable<Execution['end_record']> {
  const sha256 = createHash('sha256').update(lines.map(digestRow).join('')).digest('hex');
  const bytes = lines.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  return { lines: lines.length, bytes, sha256, maskings: 0 };
}
