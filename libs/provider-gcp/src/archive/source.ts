/** The content of a put, read in two goes: its beginning, to see whether that is all, and then the rest. */
export class Source {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #bytes = 0;
  #isEnded = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(content: AsyncIterable<Uint8Array>) {
    this.#pieces = content[Symbol.asyncIterator]();
  }

  /** How many bytes were read so far. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** What the content itself threw, to be told apart from what the one who reads it throws. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Reads until the content ends or there are more than `length` bytes. */
  async read(length: number): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    while (this.#bytes <= length) {
      const piece = await this.#next();
      if (!piece) break;
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  /** `first` and then the rest. Ends the content when left early. */
  async *continued(first: Uint8Array): AsyncGenerator<Uint8Array> {
    try {
      yield first;
      for (let piece = await this.#next(); piece; piece = await this.#next()) yield piece;
    } finally {
      if (!this.#isEnded) await this.#pieces.return?.();
    }
  }

  async #next(): Promise<Uint8Array | undefined> {
    try {
      const { done, value } = await this.#pieces.next();
      this.#isEnded = done === true;
      if (done) return undefined;
      this.#bytes += value.length;
      return value;
    } catch (error) {
      this.#isEnded = true;
      this.#failure = { error };
      throw error;
    }
  }
}
