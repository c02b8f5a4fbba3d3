import { lastState, type LogLine, type LogStream } from '@runvoy/protocol';

/** A line of which more is held is told in pieces, each by itself. */
const HELD_CHARS = 256 * 1024;

/**
 * Shows lines that start over with carriage returns in their last state. One that is stored in pieces is held until it ends, so that no
 * more than its last state has to be held of it.
 */
export class CollapsedProgress {
  readonly #held = new Map<LogStream, LogLine>();

  /** What is known to be a line's last state with this piece. */
  take(line: LogLine): readonly LogLine[] {
    const held = this.#held.get(line.stream);
    if (!held && !line.partial) return line.text.includes('\r') ? [{ ...line, text: lastState(line.text) }] : [line];
    const text = (held?.text ?? '') + line.text;
    const begun = held ?? line;
    // A carriage return at the end of a piece may be followed by more in the next.
    const kept = line.partial && line.text.endsWith('\r') ? `${lastState(text)}\r` : lastState(text);
    const { seq, stream, ms } = begun;
    const whole = { seq, stream, ms, text: kept, ...(line.partial && { partial: true as const }) };
    this.#held.delete(line.stream);
    if (!line.partial || kept.length > HELD_CHARS) return [whole];
    this.#held.set(line.stream, whole);
    return [];
  }

  /** What is held and will not be continued here. */
  end(): readonly LogLine[] {
    const rest = [...this.#held.values()].map((line) => ({ ...line, text: lastState(line.text) }));
    this.#held.clear();
    return rest.toSorted((a, b) => a.seq - b.seq);
  }
}
