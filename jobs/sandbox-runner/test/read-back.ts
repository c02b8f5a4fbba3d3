/** How a text can be read by somebody who knows one of the usual encodings. */
const READERS: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => text,
  'of a URL': percent,
  'of a URL, twice': (text) => percent(percent(text)),
  'of a form': (text) => percent(text.replaceAll('+', ' ')),
  JSON: backslashes,
  'JSON in JSON': (text) => backslashes(backslashes(text)),
  HTML: (text) =>
    text
      .replace(/&#x([0-9a-f]+);/gi, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
      .replace(/&#([0-9]+);/g, (_, number: string) => String.fromCodePoint(Number(number)))
      .replace(/&(quot|apos|lt|gt|amp);/g, (_, name: keyof typeof ENTITIES) => ENTITIES[name]),
  'a word of a shell': (text) => text.replaceAll(`'\\''`, "'").replaceAll(`'"'"'`, "'"),
};
const ENTITIES = { quot: '"', apos: "'", lt: '<', gt: '>', amp: '&' } as const;
const NAMED: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  E: '\x1b',
};

/** In which ways `value` can be read in `text`; nothing of the masker is used for it. */
export function readings(text: string, value: string): string[] {
  const found = Object.entries(READERS).flatMap(([name, read]) => (read(text).includes(value) ? [name] : []));
  if (digitRuns(text, /[^A-Za-z0-9+/_-]+/, 4, 'base64', value)) found.push('base64');
  if (digitRuns(text, /[^0-9a-fA-F]+/, 2, 'hex', value)) found.push('hex');
  if (Buffer.byteLength(value) < 8) return found;
  const joined = text.replace(/\\n|[\s\\]+/g, '');
  if (digitRuns(joined, /[^A-Za-z0-9+/_-]+/, 4, 'base64', value)) found.push('base64 in lines');
  const bytes = text.replace(/0x|[\s:\-,%\\x]+/g, '');
  if (digitRuns(bytes, /[^0-9a-fA-F]+/, 2, 'hex', value)) found.push('hex in pieces');
  return found;
}

/** Each run of digits, read from every place at which it may begin. */
function digitRuns(text: string, others: RegExp, places: number, encoding: BufferEncoding, value: string): boolean {
  return text
    .split(others)
    .some((run) =>
      Array.from({ length: places }, (_, at) => Buffer.from(run.slice(at), encoding)).some((b) => b.includes(value)),
    );
}

function percent(text: string): string {
  return bytewise(text, /%([0-9a-f]{2})/gi, (hex) => Number.parseInt(hex, 16));
}

/** What stands behind a backslash in JSON, Python and `$'...'`. */
function backslashes(text: string): string {
  const units = text.replace(/\\u([0-9a-f]{4})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const octal = bytewise(units, /\\([0-3][0-7]{2})/g, (digits) => Number.parseInt(digits, 8));
  const hex = bytewise(octal, /\\x([0-9a-f]{2})/gi, (digits) => Number.parseInt(digits, 16));
  return hex.replace(/\\([^])/g, (_, character: string) => NAMED[character] ?? character);
}

function bytewise(text: string, escape: RegExp, byteOf: (digits: string) => number): string {
  const parts: Buffer[] = [];
  let at = 0;
  for (const match of text.matchAll(escape)) {
    parts.push(Buffer.from(text.slice(at, match.index)), Buffer.from([byteOf(match[1]!)]));
    at = match.index + match[0].length;
  }
  return Buffer.concat([...parts, Buffer.from(text.slice(at))]).toString();
}
