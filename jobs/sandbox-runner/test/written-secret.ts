/** A secret as some program writes it, and what may be seen of that once it is masked. */
export interface Written {
  readonly text: string;
  readonly shown: string;
}

/** What depends on the program and not on the value. */
export interface Manner {
  /** Encoded along with the value, in front of it and behind. */
  readonly before: string;
  readonly after: string;
  /** Digits a line, and what breaks it. */
  readonly width: number;
  readonly lineBreak: string;
  /** What stands between bytes in hex. */
  readonly between: string;
}

const MASKED = '***';

const asText = (encode: (value: string) => string) => (value: string) => ({ text: encode(value), shown: MASKED });
const lower = (text: string) => text.replace(/%../g, (hex) => hex.toLowerCase());
const quoted = (json: string) => json.slice(1, -1);
const code = (unit: string, digits: number) => unit.codePointAt(0)!.toString(16).padStart(digits, '0');
const ascii = (json: string) => json.replace(/[^\0-~]/g, (unit) => `\\u${code(unit, 4)}`);
const html = (text: string, double: string, single: string) =>
  text.replace(/[&<>"']/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': double, "'": single })[c]!);
const bytesOf = (text: string, write: (byte: number) => string) => Array.from(Buffer.from(text), write).join('');
const NAMED: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const python = (text: string, other: (character: string) => string) =>
  Array.from(text, (c) => NAMED[c] ?? (c < ' ' || c === '\x7f' ? `\\x${code(c, 2)}` : c > '~' ? other(c) : c)).join('');
const ansiC = (text: string, other: (character: string) => string) =>
  Array.from(text, (c) => {
    if (c === "'") return "\\'";
    return (
      NAMED[c] ??
      (c < ' ' || c === '\x7f' ? `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}` : c > '~' ? other(c) : c)
    );
  }).join('');

/** Every form that docs/logs.md promises, each by the platform's own encoder or written here after what the named program does. */
export const WRITERS: Readonly<Record<string, (value: string, manner: Manner) => Written>> = {
  'as it is': asText((value) => value),
  encodeURIComponent: asText(encodeURIComponent),
  'encodeURIComponent in lower case': asText((value) => lower(encodeURIComponent(value))),
  'encodeURIComponent twice': asText((value) => encodeURIComponent(encodeURIComponent(value))),
  encodeURI: asText(encodeURI),
  'a form': asText((value) => new URLSearchParams({ a: value }).toString().slice(2)),
  'RFC 3986': asText((value) => encodeURIComponent(value).replace(/[!'()*]/g, (c) => `%${code(c, 2).toUpperCase()}`)),
  JSON: asText((value) => quoted(JSON.stringify(value))),
  'JSON in JSON': asText((value) => quoted(JSON.stringify(quoted(JSON.stringify(value))))),
  'JSON of Python': asText((value) => quoted(ascii(JSON.stringify(value)))),
  'JSON of Python in JSON': asText((value) => quoted(JSON.stringify(quoted(ascii(JSON.stringify(value)))))),
  'JSON of PHP': asText((value) => quoted(ascii(JSON.stringify(value))).replaceAll('/', '\\/')),
  'JSON of Go': asText((value) => quoted(JSON.stringify(value)).replace(/[<>&]/g, (c) => `\\u${code(c, 4)}`)),
  'JSON in ASCII, in capitals': asText((value) =>
    Array.from(quoted(JSON.stringify(value)).matchAll(/\\u....|[^]/g), ([part]) =>
      part.length > 1 || part > '~' ? `\\u${(part.length > 1 ? part.slice(2) : code(part, 4)).toUpperCase()}` : part,
    ).join(''),
  ),
  'HTML of Python': asText((value) => html(value, '&quot;', '&#x27;')),
  'HTML of Go': asText((value) => html(value, '&#34;', '&#39;')),
  'HTML of PHP': asText((value) => html(value, '&quot;', '&#039;')),
  'HTML of JavaScript': asText((value) => html(value, '&quot;', '&#39;')),
  'the text of an HTML element': asText((value) => html(value, '"', "'")),
  XML: asText((value) => html(value, '&quot;', '&apos;')),
  'single quotes of bash': asText((value) => value.split("'").join(`'\\''`)),
  'single quotes of dash': asText((value) => value.split("'").join(`'"'"'`)),
  'double quotes of a shell': asText((value) => value.replace(/[$`"\\]/g, (c) => `\\${c}`)),
  "$'...' of bash": asText((value) => ansiC(value, (c) => c)),
  "$'...' of bash in ASCII": asText((value) => ansiC(value, (c) => bytesOf(c, (byte) => `\\${byte.toString(8)}`))),
  'repr of Python': asText((value) => python(value, (c) => c)),
  'repr of Python, quotes escaped': asText((value) => python(value, (c) => c).replaceAll("'", "\\'")),
  'ascii of Python': asText((value) =>
    python(value, (c) => (c < 'Ā' ? `\\x${code(c, 2)}` : c.length === 1 ? `\\u${code(c, 4)}` : `\\U${code(c, 8)}`)),
  ),
  'bytes of Python': asText((value) => python(value, (c) => bytesOf(c, (byte) => `\\x${byte.toString(16)}`))),
  base64: asText((value) => Buffer.from(value).toString('base64')),
  'base64 without padding': asText((value) => Buffer.from(value).toString('base64').replaceAll('=', '')),
  base64url: asText((value) => Buffer.from(value).toString('base64url')),
  hex: asText((value) => Buffer.from(value).toString('hex')),
  'hex in capitals': asText((value) => Buffer.from(value).toString('hex').toUpperCase()),
  'base64 inside something longer': (value, manner) => insideBase64(value, { ...manner, width: Infinity }, 'base64'),
  'base64url inside something longer': (value, manner) =>
    insideBase64(value, { ...manner, width: Infinity }, 'base64url'),
  'base64 in lines': (value, manner) => insideBase64(value, manner, 'base64'),
  'base64 of the value alone, in lines': (value, manner) => {
    const alone = Buffer.from(value).toString('base64');
    return broken(Array.from(alone), 0, alone.length, manner, 3);
  },
  'hex inside something longer, in lines': (value, manner) => {
    const digits = Array.from(Buffer.from(manner.before + value + manner.after).toString('hex'));
    const begin = 2 * Buffer.byteLength(manner.before);
    const lineBreak = manner.lineBreak.replace('\\n', '\n');
    const end = begin + 2 * Buffer.byteLength(value);
    return broken(digits, begin, end, { ...manner, lineBreak }, lineBreak === ' ' ? 2 : 3);
  },
  'hex with something between the bytes, in lines': (value, { width, between, ...manner }) => {
    const lineBreak = manner.lineBreak.replace('\\n', '\n');
    const pairs = Buffer.from(value).toString('hex').match(/../g)!;
    const perLine = Math.max(2, width >> 1);
    const gaps = pairs.map((_, i) => (i === 0 ? '' : i % perLine === 0 ? `${between}${lineBreak}${between}` : between));
    return { text: between + pairs.map((pair, i) => gaps[i]! + pair).join(''), shown: between + MASKED };
  },
  'a list of bytes in C, in lines': (value, { width }) => {
    const pairs = Buffer.from(value).toString('hex').match(/../g)!;
    const perLine = Math.max(2, width >> 2);
    const written = pairs.map((pair, i) => `${i > 0 && i % perLine === 0 ? '\n  ' : ' '}0x${pair}`);
    return { text: written.join(','), shown: ` 0x${MASKED}` };
  },
};

/** Of these only values of eight bytes and more are found. */
export const NEEDS_EIGHT_BYTES = new Set(Object.keys(WRITERS).filter((name) => /in lines/.test(name)));

/** The value's own digits, without the one on either side that holds bits of a neighbour. */
function insideBase64(value: string, manner: Manner, alphabet: 'base64' | 'base64url'): Written {
  const encoded = Buffer.from(manner.before + value + manner.after).toString(alphabet);
  const bitsBefore = 8 * Buffer.byteLength(manner.before);
  const begin = Math.ceil(bitsBefore / 6);
  // At a place where the value alone would be encoded so, and with nothing behind, nothing is shared.
  const isAlone = bitsBefore % 6 === 0 && manner.after === '';
  const end = isAlone ? encoded.length : Math.floor((bitsBefore + 8 * Buffer.byteLength(value)) / 6);
  return broken(Array.from(encoded), begin, end, manner, 3);
}

/**
 * Digits in lines, of which those from `begin` to `end` are the secret's. Two of them are seen when a break comes in front of the one
 * that is `asked` for.
 */
function broken(digits: readonly string[], begin: number, end: number, manner: Manner, asked: number): Written {
  const { width, lineBreak } = manner;
  const gapBefore = (at: number) => (at > 0 && at % width === 0 ? lineBreak : '');
  const write = (from: number, to: number) =>
    digits
      .slice(from, to)
      .map((digit, i) => gapBefore(from + i) + digit)
      .join('');
  const firstBreak = digits.findIndex((_, at) => at > begin && at < end && gapBefore(at) !== '');
  const from = firstBreak > 0 && firstBreak - begin < asked ? begin + 2 : begin;
  return {
    text: write(0, digits.length),
    shown: write(0, from) + gapBefore(from) + MASKED + write(end, digits.length),
  };
}
