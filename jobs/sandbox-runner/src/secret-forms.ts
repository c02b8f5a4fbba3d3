/** A line of a value, and every form of one, must be at least this long: a shorter one is in every text. */
const SHORTEST_LINE = 8;
const SHORTEST_FORM = 4;

/**
 * Every form in which programs usually print a value: as it is, in a URL, in base64 wherever it begins in what is encoded, in hex, in
 * a JSON string, quoted for a shell, and each of its lines, because many programs print line by line. Line feeds at the ends of a value
 * do not count: shells drop them.
 */
export function secretForms(value: string): Buffer[] {
  const whole = value.replace(/^[\r\n]+|[\r\n]+$/g, '');
  const bytes = Buffer.from(whole);
  const forms = new Set<string>([...textForms(whole), ...hexForms(bytes), ...base64Forms(bytes)]);
  for (const line of linesOf(whole)) textForms(line).forEach((form) => forms.add(form));
  return [...forms].map((form) => Buffer.from(form)).filter(({ length }) => length >= SHORTEST_FORM);
}

/** Armour such as `-----BEGIN PRIVATE KEY-----` is no secret, and stands in the text of every certificate. */
function linesOf(value: string): string[] {
  if (!/[\r\n]/.test(value)) return [];
  return value
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line.length >= SHORTEST_LINE && !/^-----.*-----$/.test(line));
}

function textForms(text: string): string[] {
  return [text, ...urlForms(text), ...jsonForms(text), ...shellForms(text)];
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

function urlForms(text: string): string[] {
  const bytes = Buffer.from(text);
  return URL_ENCODERS.flatMap((encoded) => {
    const upper = Array.from(bytes, (byte) => encoded[byte]!);
    const lower = upper.map((part) => (part.length === 3 ? part.toLowerCase() : part));
    return [upper, lower].flatMap((parts) => [
      parts.join(''),
      parts.map((part) => (part === '%20' ? '+' : part)).join(''),
    ]);
  });
}

/** As JavaScript, PHP (`\/`), Go (`<` and its like) and Python (all but ASCII) write it. */
function jsonForms(text: string): string[] {
  const plain = JSON.stringify(text).slice(1, -1);
  const ascii = escaped(plain, /[^\0-\x7e]/g);
  return [
    plain,
    plain.replaceAll('/', '\\/'),
    escaped(plain, /[<>&\u2028\u2029]/g),
    ascii,
    ascii.replaceAll('/', '\\/'),
  ];
}

function escaped(text: string, which: RegExp): string {
  return text.replace(which, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A quote inside quotes, as bash and dash trace it; and bash's `printf %q`. */
function shellForms(text: string): string[] {
  const bare = text.replace(/[^A-Za-z0-9\n\x80-\uffff%+,./:=@_-]/g, '\\$&');
  return [text.replaceAll("'", `'\\''`), text.replaceAll("'", `'"'"'`), bare];
}

function hexForms(bytes: Buffer): string[] {
  const lower = bytes.toString('hex');
  return [lower, lower.toUpperCase()];
}

/** Where the `base64` of GNU and of OpenSSL break lines. */
const BASE64_LINES = [76, 64] as const;

/**
 * The encoding of the value alone, padded or not, on one line or broken into several; and what it always becomes inside something
 * longer, at each of the three places where it may begin there. At the ends of that stand characters which it shares with its
 * neighbours: they are left, and say at most four bits of a byte.
 */
function base64Forms(bytes: Buffer): string[] {
  const alone = bytes.toString('base64');
  const forms = [alone, alone.replace(/=+$/, '')];
  for (let phase = 0; phase < 3; phase += 1) {
    const encoded = Buffer.concat([Buffer.alloc(phase), bytes]).toString('base64');
    const bits = 8 * (phase + bytes.length);
    forms.push(encoded.slice(Math.ceil((8 * phase) / 6), Math.floor(bits / 6)));
  }
  // The last character is another one when a line feed is encoded along, as `echo` adds one.
  const broken = BASE64_LINES.flatMap((width) =>
    [forms[1]!, forms[2]!].map((form) => form.replace(new RegExp(`.{${width}}(?=.)`, 'g'), '$&\n')),
  );
  const urlSafe = forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'));
  return [...forms, ...urlSafe, ...broken];
}
