/** Everything a terminal may take as more than text: C0 without tab, CR and LF; DEL; C1. */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/;

type Mode = 'text' | 'escape' | 'escape-more' | 'csi' | 'string' | 'string-escape';

/** Longer is no colour. */
const SGR_CHARS = 64;

/**
 * Lets through what is safe on a terminal: text, tab, CR, LF and SGR colours. Everything else that a terminal obeys (titles, links,
 * cursor moves, clipboard, replies typed into the shell) is taken out. One filter per stream: a sequence may be cut by a piece's end.
 */
export class TerminalFilter {
  readonly #wantsColour: boolean;
  #mode: Mode = 'text';
  #sequence = '';
  #isColoured = false;

  constructor({ wantsColour }: { readonly wantsColour: boolean }) {
    this.#wantsColour = wantsColour;
  }

  /** A colour was let through and not taken back. */
  get isColoured(): boolean {
    return this.#isColoured;
  }

  /** The colours were reset by somebody else. */
  reset(): void {
    this.#isColoured = false;
  }

  pass(text: string): string {
    if (this.#mode === 'text' && !CONTROL.test(text)) return text;
    let passed = '';
    for (const char of text) passed += this.#step(char);
    return passed;
  }

  #step(char: string): string {
    // An unfinished sequence ends with its line: it must not swallow the lines that follow.
    if (char === '\n') return this.#enter('text', '\n');
    switch (this.#mode) {
      case 'text':
        return this.#begin(char);
      case 'escape':
        return this.#escape(char);
      case 'escape-more':
        return isBetween(char, 0x20, 0x2f) ? '' : this.#enter('text');
      case 'csi':
        return this.#csi(char);
      case 'string':
        if (char === '\x07' || char === '\x9c') return this.#enter('text');
        return char === '\x1b' ? this.#enter('string-escape') : '';
      case 'string-escape':
        // ESC ends the string; with a backslash it was the terminator itself, otherwise another sequence begins.
        return char === '\\' ? this.#enter('text') : this.#escape(char);
    }
  }

  #begin(char: string): string {
    if (!CONTROL.test(char)) return char;
    if (char === '\x1b') return this.#enter('escape');
    if (char === '\x9b') return this.#enter('csi');
    // DCS, SOS, OSC, PM, APC in one character.
    if ('\x90\x98\x9d\x9e\x9f'.includes(char)) return this.#enter('string');
    return '';
  }

  #escape(char: string): string {
    if (char === '[') return this.#enter('csi');
    if ('PX]^_'.includes(char)) return this.#enter('string');
    if (char === '\x1b') return this.#enter('escape');
    return this.#enter(isBetween(char, 0x20, 0x2f) ? 'escape-more' : 'text');
  }

  #csi(char: string): string {
    if (char === '\x1b') return this.#enter('escape');
    if (isBetween(char, 0x20, 0x3f)) {
      if (this.#sequence.length < SGR_CHARS) this.#sequence += char;
      return '';
    }
    const parameters = this.#sequence;
    const isColour = char === 'm' && this.#wantsColour && /^[\d;:]*$/.test(parameters) && parameters.length < SGR_CHARS;
    if (!isColour) return this.#enter('text');
    this.#isColoured = !/^0*$/.test(parameters);
    return this.#enter('text', `\x1b[${parameters}m`);
  }

  #enter(mode: Mode, passed = ''): string {
    this.#mode = mode;
    this.#sequence = '';
    return passed;
  }
}

function isBetween(char: string, first: number, last: number): boolean {
  const code = char.codePointAt(0)!;
  return code >= first && code <= last;
}
