import { createHash } from 'node:crypto';
import { newChunk, type Execution, type LogChunk } from '@runvoy/core';
import { digestRow, type LogLine, type LogsMessage } from '@runvoy/protocol';

export const SAMPLE_OWNER = 'bench@localhost';
const T0 = 1_750_000_000_000;

/** A run of one finished command; `index` sets id, time and status. */
export function sampleExecution(index: number): Execution {
  const failed = index % 10 === 0;
  const at = T0 + index * 1_000;
  return {
    execution_id: createHash('md5').update(String(index)).digest('hex'),
    created_by: index % 2 === 0 ? SAMPLE_OWNER : 'other@localhost',
    owned_by: [SAMPLE_OWNER],
    command: `make test TARGET=service-${index % 97}`,
    image_id: 'host',
    image: 'host',
    cpu: 1_024,
    memory_mib: 2_048,
    isolation: 'process',
    timeout_s: 3_600,
    grace_ms: 10_000,
    max_log_bytes: 100_000_000,
    request_id: `request-${index}`,
    modified_by_request_id: `request-${index}`,
    started_at_ms: at,
    cloud: 'LOCAL',
    facts: {
      attempts: [{ attempt: 1, token_hash: 'a'.repeat(64), made_at_ms: at }],
      bound: { attempt: 1, nonce_hash: 'b'.repeat(64), at_ms: at + 20 },
      report: {
        cause: 'exited',
        exit_code: failed ? 1 : 0,
        started_at_ms: at,
        ended_at_ms: at + 900,
        stored_at_ms: at + 901,
      },
    },
    status: failed ? 'FAILED' : 'SUCCEEDED',
    unfinished: false,
    exit_code: failed ? 1 : 0,
    completed_at_ms: at + 910,
    faults: [],
  };
}

/** Lines `from` to `through` of an ordinary log, about 60 characters each. */
export function sampleLines(from: number, through: number): LogLine[] {
  return Array.from({ length: through - from + 1 }, (_, index) => {
    const seq = from + index;
    return {
      seq,
      stream: 'stdout',
      ms: T0 + seq,
      text: `${seq} compiled src/module-${seq % 997}.ts in ${seq % 31} ms, no problems`,
    };
  });
}

/** A batch as a runner sends it, without a signature. */
export function sampleBatch(from: number, count: number): LogsMessage {
  const lines = sampleLines(from, from + count - 1);
  return { from, lines, expires_at: 0, key_id: '', mac: '' };
}

/** Chunks of `linesEach` lines that make a log of `lines` lines. */
export function* sampleChunks(executionId: string, lines: number, linesEach: number): Generator<LogChunk> {
  for (let from = 1; from <= lines; from += linesEach) {
    yield newChunk(executionId, sampleBatch(from, Math.min(linesEach, lines - from + 1)), T0 + from);
  }
}

/** The end record of a log of `lines` sample lines. */
export function sampleEndRecord(lines: number): NonNullable<Execution['end_record']> {
  const hash = createHash('sha256');
  let bytes = 0;
  for (const line of sampleLines(1, lines)) {
    hash.update(digestRow(line));
    bytes += Buffer.byteLength(line.text);
  }
  return { lines, bytes, sha256: hash.digest('hex'), maskings: 0 };
}
