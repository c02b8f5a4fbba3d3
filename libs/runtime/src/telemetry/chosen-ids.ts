import { RandomIdGenerator, type IdGenerator } from '@opentelemetry/sdk-trace';

/** Draws ids at random, unless the next span has been given its own: that is said right before it begins. */
export class ChosenIds implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  #traceId: string | undefined;
  #spanId: string | undefined;

  /** For the span that is begun next, in the same turn. */
  choose(traceId: string | undefined, spanId: string | undefined): void {
    this.#traceId = traceId;
    this.#spanId = spanId;
  }

  generateTraceId(): string {
    return this.#traceId ?? this.#random.generateTraceId();
  }

  generateSpanId(): string {
    return this.#spanId ?? this.#random.generateSpanId();
  }
}
