// CSI … final byte; OSC/DCS/SOS/PM/APC strings up to BEL or ST (or the text's end, when cut); two-byte escapes; a lone ESC.
const ESCAPE =
  // oxlint-disable-next-line no-control-regex
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)|\x1b[ -/]*[0-~]|\x1b/g;
// oxlint-disable-next-line no-control-regex
const MAY_HOLD_ESCAPE = /[\x1b\x90\x98\x9b\x9d-\x9f]/;

/** A text without the escape sequences of terminals, and where its characters stand in the text that had them. */
export interface PlainText {
  readonly text: string;
  /** Where the character at `index` stands; the whole length for what is behind the last. */
  originalAt(index: number): number;
  /** The first character that stands at `original` or behind it. */
  indexAt(original: number): number;
}

/** Takes the escape sequences of terminals (ECMA-48) out of a text. Offsets count UTF-16 code units. */
export function plainText(original: string): PlainText {
  if (!MAY_HOLD_ESCAPE.test(original)) {
    const { length } = original;
    const same = (at: number) => Math.max(0, Math.min(length, at));
    return { text: original, originalAt: same, indexAt: same };
  }
  let text = '';
  let from = 0;
  // What is left between two sequences: where it begins, without and with them.
  const plainStarts: number[] = [];
  const originalStarts: number[] = [];
  const keep = (to: number) => {
    if (to === from) return;
    plainStarts.push(text.length);
    originalStarts.push(from);
    text += original.slice(from, to);
  };
  for (const match of original.matchAll(ESCAPE)) {
    keep(match.index);
    from = match.index + match[0].length;
  }
  keep(original.length);
  return {
    text,
    originalAt(index) {
      if (index >= text.length) return original.length;
      const at = lastNotAbove(plainStarts, index);
      return originalStarts[at]! + index - plainStarts[at]!;
    },
    indexAt(place) {
      const at = lastNotAbove(originalStarts, place);
      if (at < 0) return 0;
      const next = plainStarts[at + 1] ?? text.length;
      return Math.min(next, plainStarts[at]! + place - originalStarts[at]!);
    },
  };
}

/** The place of the last of `sorted` that is not above `value`; -1 when all are. */
function lastNotAbove(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
