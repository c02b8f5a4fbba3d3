import { hash } from 'node:crypto';
import { isSignedBatch } from '../executions/runner-session.ts';
import type { SigningKeys } from '../access/signing-keys.ts';
import { Failure } from '../failure.ts';
import type { Clock, Millis } from '../time/clock.ts';
import { readBatch } from './batch-bytes.ts';
import type { GrowsDigests } from './growing-digests.ts';
import type { LogChunk } from './log-chunk.ts';

/**
 * A batch that was read from the bytes in which its runner sent it. A class, and only `takeBatch` makes one: whatever a message says of
 * itself, it cannot become what was checked already.
 */
export class TakenBatch {
  readonly from: number;
  /** When its last line was read. */
  readonly lastMs: Millis;
  readonly #chunk: LogChunk | undefined;

  constructor(from: number, lastMs: Millis, chunk: LogChunk | undefined) {
    this.from = from;
    this.lastMs = lastMs;
    this.#chunk = chunk;
  }

  /** Ready to be stored. Fails with `BAD_SIGNATURE` when this execution's runner has not signed it, or its session is over. */
  get chunk(): LogChunk {
    if (!this.#chunk) throw new Failure('BAD_SIGNATURE');
    return this.#chunk;
  }
}

/**
 * Reads a `logs` message and checks its signature in one pass, without a line of it becoming an object: what the signature covers and
 * what is stored are both made of the bytes that came. `bytes` must be UTF-8, and nobody may write to them afterwards.
 * Undefined for what is not in the very form in which runners write it: parse it, and hold it against the schema.
 */
export function takeBatch(
  { signingKeys, clock, digests }: GrowsDigests & { readonly signingKeys: SigningKeys; readonly clock: Clock },
  executionId: string,
  bytes: Buffer,
): TakenBatch | undefined {
  const batch = readBatch(bytes);
  if (!batch) return undefined;
  const { from, through, lastMs, rows, digestRows, body } = batch;
  const now = clock.now();
  if (!isSignedBatch(signingKeys, now, executionId, batch)) return new TakenBatch(from, lastMs, undefined);
  const content_hash = hash('sha256', rows);
  const chunk = { execution_id: executionId, from, through, content_hash, body, stored_at_ms: now };
  digests?.take(chunk, digestRows);
  return new TakenBatch(from, lastMs, chunk);
}
