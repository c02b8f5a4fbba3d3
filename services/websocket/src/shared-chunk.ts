import { linesOf, type LogChunk } from '@runvoy/core';
import type { Frame, FrameForm } from './frame-form.ts';

/** A stored chunk on its way to viewers. What it looks like on the wire is worked out once for all who get the whole of it. */
export class SharedChunk {
  readonly chunk: LogChunk;
  readonly #whole = new Map<FrameForm, readonly Frame[]>();
  #bytes: number;

  constructor(chunk: LogChunk) {
    this.chunk = chunk;
    this.#bytes = chunk.body.length;
  }

  /** What it takes in memory, with the frames that were made of it. */
  get bytes(): number {
    return this.#bytes;
  }

  holds(seq: number): boolean {
    return this.chunk.from <= seq && seq <= this.chunk.through;
  }

  /** The frames of the lines from `seq` on, which the chunk must hold. */
  framesFrom(seq: number, form: FrameForm): readonly Frame[] {
    if (seq > this.chunk.from) return form.lines(linesOf(this.chunk).filter((line) => line.seq >= seq));
    let frames = this.#whole.get(form);
    if (!frames) {
      this.#whole.set(form, (frames = form.chunk(this.chunk)));
      for (const { length } of frames) this.#bytes += length;
    }
    return frames;
  }
}
