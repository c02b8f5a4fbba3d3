/** How a value reads in the texts that programs put it into, each time as the usual encoders write it. */
export function textForms(text: string): string[] {
  return [...new Set([text, ...urlForms(text), ...jsonForms(text), ...htmlForms(text), ...quotedForms(text)])];
}

/** Of a line of a value, which is printed by itself or in a string of a log that is JSON: many lines in all forms would take too long. */
export function lineForms(line: string): string[] {
  return [...new Set([line, ...jsonForms(line)])];
}

/** What each of the usual encoders leaves as it is, beside letters and digits. */
const LEFT_BY_URL_ENCODERS = [
  // RFC 3986: curl, Go and Python's quote with nothing safe.
  '-_.~',
  // Python's quote.
  '-_.~/',
  // encodeURIComponent.
  "-_.~!*'()",
  // encodeURI, for a whole URL.
  "-_.~!*'();/?:@&=+$,#",
  // A form: URLSearchParams and browsers.
  '*-._',
] as const;

/** What each of them writes for each byte. */
const URL_ENCODERS = LEFT_BY_URL_ENCODERS.map((left) =>
  Array.from({ length: 256 }, (_, byte) => {
    const character = String.fromCharCode(byte);
    if (/[A-Za-z0-9]/.test(character) || left.includes(character)) return character;
    return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }),
);

/** Each in both cases, with a blank as `%20` and as `+`, and encoded once more. */
function urlForms(text: string): string[] {
  const bytes = Buffer.from(text);
  return URL_ENCODERS.flatMap((encoded) => {
    const upper = Array.from(bytes, (byte) => encoded[byte]!);
    const lower = upper.map((part) => (part.length === 3 ? part.toLowerCase() : part));
    return [upper, lower].flatMap((parts) => {
      const once = parts.join('');
      return [once, parts.map((part) => (part === '%20' ? '+' : part)).join(''), once.replaceAll('%', '%25')];
    });
  });
}

/** As JavaScript, PHP (`\/`), Go (`<` and its like), Python (all but ASCII) and .NET (quotes too, in capitals) write it; and a string inside a string. */
function jsonForms(text: string): string[] {
  const plain = inJson(text);
  const ascii = escaped(plain, /[^\0-\x7e]/g);
  const html = escaped(plain, /[<>&\u2028\u2029]/g);
  const once = [plain, plain.replaceAll('/', '\\/'), html, ascii, ascii.replaceAll('/', '\\/')];
  const net = escaped(inJson(text).replaceAll('\\"', '"'), /["'<>&+`]|[^\0-\x7e]/g);
  return [...once, ...[plain, ascii, html].map(inJson), ...[ascii, net].map(inCapitals)];
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function escaped(text: string, which: RegExp): string {
  return text.replace(which, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function inCapitals(json: string): string {
  return json.replace(
    /(?<!\\)((?:\\\\)*)\\u([0-9a-f]{4})/g,
    (_, before: string, digits: string) => `${before}\\u${digits.toUpperCase()}`,
  );
}

/** Quotes as XML, Go, Python, PHP and JavaScript's libraries write them; and where they need not be written so. */
const HTML_QUOTES = [
  ['"', "'"],
  ['&quot;', "'"],
  ['&quot;', '&apos;'],
  ['&#34;', '&#39;'],
  ['&quot;', '&#x27;'],
  ['&quot;', '&#039;'],
  ['&quot;', '&#39;'],
] as const;

function htmlForms(text: string): string[] {
  const inText = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return HTML_QUOTES.map(([double, single]) => inText.replaceAll('"', double).replaceAll("'", single));
}

/** As shells write a word, and as Python and JavaScript show a string: without the quotes around it. */
function quotedForms(text: string): string[] {
  const bare = text.replace(/[^A-Za-z0-9\n\x80-\uffff%+./:=@_#~-]/g, '\\$&');
  const python = escapedLikeC(text, PYTHON, (unit) => `\\x${hex(unit, 2)}`);
  const pythonAscii = python.replace(/[^\0-\x7f]/gu, pythonEscape);
  const pythonBytes = python.replace(/[^\0-\x7f]+/g, (run) => byBytes(run, (byte) => `\\x${hex(byte, 2)}`));
  const ansi = escapedLikeC(text, ANSI_C, octal).replaceAll("'", "\\'");
  return [
    text.replaceAll("'", `'\\''`),
    text.replaceAll("'", `'"'"'`),
    text.replace(/["\\$`]/g, '\\$&'),
    bare,
    bare.replace(/^[#~]/, '\\$&'),
    ansi,
    ansi.replace(/[^\0-\x7f]+/g, (run) => byBytes(run, octal)),
    ...[python, pythonAscii, pythonBytes].flatMap((form) => [form, form.replaceAll("'", "\\'")]),
  ];
}

const PYTHON: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
/** `$'...'` of bash. */
const ANSI_C: Readonly<Record<string, string>> = {
  ...PYTHON,
  '\u0007': '\\a',
  '\b': '\\b',
  '\v': '\\v',
  '\f': '\\f',
  '\u001b': '\\E',
};

function escapedLikeC(text: string, named: Readonly<Record<string, string>>, other: (unit: number) => string): string {
  return text.replace(/[^ -[\]-~\x80-\uffff]/g, (unit) => named[unit] ?? other(unit.charCodeAt(0)));
}

function pythonEscape(character: string): string {
  const code = character.codePointAt(0)!;
  if (code < 0x100) return `\\x${hex(code, 2)}`;
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

function byBytes(text: string, write: (byte: number) => string): string {
  return Array.from(Buffer.from(text), write).join('');
}

function octal(code: number): string {
  return `\\${code.toString(8).padStart(3, '0')}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
