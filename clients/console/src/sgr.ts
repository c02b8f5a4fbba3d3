/** A colour: an index into the 256-colour table, or red, green, blue. */
export type SgrColour = number | readonly [number, number, number];

/** What "Select Graphic Rendition" sequences have switched on. */
export interface SgrStyle {
  readonly fg?: SgrColour | undefined;
  readonly bg?: SgrColour | undefined;
  readonly bold?: boolean | undefined;
  readonly dim?: boolean | undefined;
  readonly italic?: boolean | undefined;
  readonly underline?: boolean | undefined;
  readonly inverse?: boolean | undefined;
  readonly strike?: boolean | undefined;
}

/** A stretch of text in one style. */
export interface SgrSpan {
  readonly text: string;
  readonly style: SgrStyle;
}

/** Nothing switched on. */
export const PLAIN: SgrStyle = {};

// CSI … final byte; OSC/DCS/SOS/PM/APC strings up to BEL or ST (or the line's end, when cut); two-byte escapes; a lone ESC.
const ESCAPE =
  // oxlint-disable-next-line no-control-regex
  /\x1b\[([0-?]*)([ -/]*)([@-~])|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)|\x1b[ -/]*[0-~]|\x1b/g;
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/g;
const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Cuts one line of output into styled spans, starting from the style the line before left behind.
 * Only SGR has an effect. Every other escape is dropped: a log may not move a cursor, set a title or hide text.
 * A carriage return starts the line over, as a terminal would show a progress bar; other control characters become visible pictures.
 */
export function parseSgr(text: string, start: SgrStyle = PLAIN): { readonly spans: SgrSpan[]; readonly end: SgrStyle } {
  if (!text.includes('\x1b') && !text.includes('\r')) {
    return { spans: text === '' ? [] : [{ text: visible(text), style: start }], end: start };
  }
  let spans: SgrSpan[] = [];
  let style = start;
  let restart = false;
  const add = (piece: string) => {
    const parts = piece.split('\r');
    for (const [index, part] of parts.entries()) {
      if (index > 0) restart = true;
      if (part === '') continue;
      // Started over only when something follows, so that CRLF output keeps its text.
      if (restart) spans = [];
      restart = false;
      spans.push({ text: visible(part), style });
    }
  };
  let from = 0;
  for (const match of text.matchAll(ESCAPE)) {
    add(text.slice(from, match.index));
    from = match.index + match[0].length;
    const [, parameters, intermediates, final] = match;
    if (final === 'm' && intermediates === '' && parameters !== undefined) style = applySgr(style, parameters);
  }
  add(text.slice(from));
  return { spans, end: style };
}

const SWITCHES: Readonly<Record<number, SgrStyle>> = {
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  9: { strike: true },
  21: { underline: true },
  22: { bold: undefined, dim: undefined },
  23: { italic: undefined },
  24: { underline: undefined },
  27: { inverse: undefined },
  29: { strike: undefined },
  39: { fg: undefined },
  49: { bg: undefined },
};

function applySgr(style: SgrStyle, parameters: string): SgrStyle {
  // Private sequences (`?`, `>`, …) share the final byte and mean something else.
  if (/[<-?]/.test(parameters)) return style;
  // Colon and semicolon forms are both in use; `38:2::r:g:b` carries an empty colour space, which only the colon form has.
  const codes = parameters
    .replace(/([34]8:2):[^:;]*:(?=\d+:\d+:\d+)/g, '$1:')
    .split(/[:;]/)
    .map((code) => (code === '' ? 0 : Number(code)));
  let next = style;
  for (let index = 0; index < codes.length; index++) {
    const code = codes[index] ?? 0;
    if (code === 0) next = PLAIN;
    else if (code === 38 || code === 48) {
      const [colour, used] = extendedColour(codes, index + 1);
      if (colour !== undefined) next = { ...next, [code === 38 ? 'fg' : 'bg']: colour };
      index += used;
    } else if (code >= 30 && code <= 37) next = { ...next, fg: code - 30 };
    else if (code >= 40 && code <= 47) next = { ...next, bg: code - 40 };
    else if (code >= 90 && code <= 97) next = { ...next, fg: code - 82 };
    else if (code >= 100 && code <= 107) next = { ...next, bg: code - 92 };
    else if (SWITCHES[code] !== undefined) next = { ...next, ...SWITCHES[code] };
  }
  return next;
}

function extendedColour(codes: readonly number[], at: number): [SgrColour | undefined, number] {
  const byte = (index: number) => Math.min(255, codes[index] ?? 0);
  if (codes[at] === 5) return [byte(at + 1), 2];
  if (codes[at] === 2) return [[byte(at + 1), byte(at + 2), byte(at + 3)], 4];
  return [undefined, 1];
}

/**
 * Control characters as their pictures (U+2400…), direction marks by name: nothing in a log is silently swallowed,
 * and no text is shown in another order than it was written.
 */
function visible(text: string): string {
  return text
    .replace(CONTROL, (character) =>
      character === '\x7f' ? '\u2421' : String.fromCharCode(0x2400 + character.charCodeAt(0)),
    )
    .replace(DIRECTION, (mark) => `‹U+${mark.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}›`);
}
