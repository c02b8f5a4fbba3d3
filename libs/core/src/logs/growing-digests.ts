import type { EndRecord } from '../executions/execution.ts';
import type { Records } from '../records/records.ts';
import { GrowingDigest } from './growing-digest.ts';
import { countChunks } from './known-assessment.ts';
import type { LogChunk } from './log-chunk.ts';

/** More logs than that are not followed at once. */
const LOGS = 256;
/** Of all logs together, the rows of batches that came before their turn. */
const KEPT_BYTES = 16 * 1024 * 1024;

/** For a process that stores all batches of a log as a rule. Where several share the work nobody has the whole log, and there is none. */
export interface GrowsDigests {
  readonly digests?: GrowingDigests | undefined;
}

/**
 * The digests of the logs that this process stores. Whatever is forgotten here, or is not sure, costs one reading of the stored log: nothing
 * depends on it. So it is bounded, and the logs of which nothing was heard for the longest time go first.
 */
export class GrowingDigests {
  /** The last that was heard of is the last. */
  readonly #logs = new Map<string, GrowingDigest>();

  /** A batch with a good signature is about to be stored. `rows` makes its digest rows. */
  take(chunk: LogChunk, rows: () => Uint8Array): void {
    const { execution_id } = chunk;
    const log = this.#logs.get(execution_id) ?? new GrowingDigest();
    this.#logs.delete(execution_id);
    this.#logs.set(execution_id, log);
    if (this.#logs.size > LOGS) this.#logs.delete(this.#logs.keys().next().value!);
    log.take(chunk, rows);
    if (log.keptBytes > 0) this.#boundKept();
  }

  #boundKept(): void {
    let bytes = 0;
    for (const log of [...this.#logs.values()].toReversed()) {
      bytes += log.keptBytes;
      if (bytes <= KEPT_BYTES) continue;
      bytes -= log.keptBytes;
      // It stays as one that was given up: begun again, it would only fill again.
      log.giveUp();
    }
  }

  /** This process, and nobody else, has put this chunk into the store, for good. */
  stored(chunk: LogChunk): void {
    this.#logs.get(chunk.execution_id)?.stored(chunk);
  }

  /**
   * True when this process has stored every line of this end record, their SHA-256 agrees, and nothing else is stored of the log. To be
   * asked once, at the end: the log is forgotten.
   */
  async proves(records: Records, executionId: string, { lines, sha256 }: EndRecord): Promise<boolean> {
    const grown = this.#logs.get(executionId)?.grown;
    this.#logs.delete(executionId);
    if (grown?.lines !== lines || grown.sha256 !== sha256) return false;
    // Each of its chunks was created by this process. Others, from before it began or with numbers twice, would be more than these.
    return (await countChunks(records, executionId)) === grown.chunks;
  }
}
