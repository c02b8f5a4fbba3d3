/** How much of a frame's payload is looked at. */
const BEGINNING_BYTES = 48;
const MOST_HEADER_BYTES = 10;

/**
 * Walks over the WebSocket frames (RFC 6455, 5.2) that a server sends, without reading more of each than how it begins: a thousand
 * followers in one process could not parse what they get. Tells of each frame when its end has come.
 */
export class FrameWalk {
  readonly #onFrame: (beginning: string, bytes: number) => void;
  /** Of a frame whose beginning has not come in full. */
  #held: Buffer | undefined;
  #current: { readonly beginning: string; readonly bytes: number } | undefined;
  #missing = 0;

  constructor(onFrame: (beginning: string, bytes: number) => void) {
    this.#onFrame = onFrame;
  }

  push(piece: Buffer): void {
    const bytes = this.#held ? Buffer.concat([this.#held, piece]) : piece;
    this.#held = undefined;
    let at = 0;
    while (at < bytes.length) {
      if (!this.#current) {
        const begun = this.#begin(bytes, at);
        if (begun === undefined) {
          // A copy: a slice would keep the whole read buffer.
          this.#held = Buffer.from(bytes.subarray(at));
          return;
        }
        at = begun;
      }
      const taken = Math.min(this.#missing, bytes.length - at);
      at += taken;
      this.#missing -= taken;
      if (this.#missing === 0) this.#end();
    }
  }

  /** Where the payload of the frame at `at` begins; undefined while too little of it is there. */
  #begin(bytes: Buffer, at: number): number | undefined {
    const short = bytes.length < at + 2 ? 127 : bytes[at + 1]! & 127;
    const header = short === 127 ? MOST_HEADER_BYTES : short === 126 ? 4 : 2;
    if (bytes.length < at + header) return undefined;
    const length =
      short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short === 126 ? bytes.readUInt16BE(at + 2) : short;
    const start = at + header;
    const looked = Math.min(length, BEGINNING_BYTES);
    if (bytes.length < start + looked) return undefined;
    this.#current = { beginning: bytes.toString('latin1', start, start + looked), bytes: length };
    this.#missing = length;
    return start;
  }

  #end(): void {
    const { beginning, bytes } = this.#current!;
    this.#current = undefined;
    this.#onFrame(beginning, bytes);
  }
}
