/** How a call of a method goes wrong. */
export interface Fault {
  readonly method: string;
  /** What is answered: a gRPC status, or an HTTP status where HTTP is spoken. */
  readonly code: number;
  /** True: the server did what was asked, only its answer is lost. False, unless told: it did nothing. */
  readonly afterwards?: boolean;
  /** For so many calls; 1 unless told. */
  readonly times?: number;
}

/** The calls that are to go wrong, in the order they were asked for. */
export class Faults {
  readonly #waiting: { fault: Fault; left: number }[] = [];
  #refusing: number | undefined;

  next(fault: Fault): void {
    this.#waiting.push({ fault, left: fault.times ?? 1 });
  }

  /** From now on every call is answered so and does nothing, until the function returned is called. */
  refuseAll(code: number): () => void {
    this.#refusing = code;
    return () => {
      this.#refusing = undefined;
    };
  }

  /** The fault for this call of the method, if one waits; it counts as used. */
  take(method: string): Fault | undefined {
    if (this.#refusing !== undefined) return { method, code: this.#refusing };
    const at = this.#waiting.findIndex(({ fault }) => fault.method === method);
    const found = this.#waiting[at];
    if (!found) return undefined;
    found.left--;
    if (found.left <= 0) this.#waiting.splice(at, 1);
    return found.fault;
  }
}
