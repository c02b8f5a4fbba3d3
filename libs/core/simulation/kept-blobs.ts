import { MemoryArchive } from '../contracts/memory-archive.ts';

/** The archive as it really is: what it holds, and which of it is not what was put. */
export class KeptBlobs extends MemoryArchive {
  readonly #damaged = new Set<string>();

  /** A blob that was just put loses its end, or a bit of it is another. */
  damage(name: string, at: number): void {
    const blob = this.blobs.get(name);
    if (!blob || blob.length === 0) return;
    this.#damaged.add(name);
    if (at % 2 === 0) this.blobs.set(name, blob.subarray(0, at % blob.length));
    else this.blobs.set(name, blob.with(at % blob.length, blob[at % blob.length]! ^ 1));
  }

  isDamaged(name: string): boolean {
    return this.#damaged.has(name);
  }

  /** Whether anything of a log is not what was put. */
  hasDamaged(executionId: string): boolean {
    return [...this.#damaged].some((name) => name.startsWith(`logs/${executionId}/`));
  }
}
