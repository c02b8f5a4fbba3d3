import { lineForms, textForms } from './text-forms.ts';

/** Each line of a value, and every form of one, must be at least so long: a shorter one is in every text. */
const SHORTEST_LINE = 8;
const SHORTEST_FORM = 4;
/** The encoding of fewer bytes, passed over what stands between digits, would be found where it is not. */
const SHORTEST_BROKEN = 8;

/** The forms of a value, by what finds them. */
export interface SecretForms {
  /** Found as they are. */
  readonly plain: readonly Buffer[];
  /** In digits of `BASE64` and `HEX`, found also in pieces. */
  readonly base64: readonly string[];
  readonly hex: readonly string[];
}

/**
 * Every form in which programs usually print a value: as it is, encoded as text, in base64 wherever it begins in what is encoded, in
 * hex, and each of its lines, because many programs print line by line. Line feeds at the ends of a value do not count: shells drop
 * them.
 */
export function secretForms(value: string): SecretForms {
  const whole = value.replace(/^[\r\n]+|[\r\n]+$/g, '');
  const bytes = Buffer.from(whole);
  const texts = new Set(textForms(whole));
  for (const line of linesOf(whole)) lineForms(line).forEach((form) => texts.add(form));
  const isBroken = bytes.length >= SHORTEST_BROKEN;
  if (!isBroken) inOnePiece(bytes).forEach((form) => texts.add(form));
  return {
    plain: [...texts].map((form) => Buffer.from(form)).filter(({ length }) => length >= SHORTEST_FORM),
    base64: isBroken ? base64Forms(bytes) : [],
    hex: isBroken ? hexForms(bytes) : [],
  };
}

/** Armour such as `-----BEGIN PRIVATE KEY-----` is no secret, and stands in the text of every certificate. */
function linesOf(value: string): string[] {
  if (!/[\r\n]/.test(value)) return [];
  return value
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line.length >= SHORTEST_LINE && !/^-----.*-----$/.test(line));
}

/** Of a short value: nothing may stand in between. */
function inOnePiece(bytes: Buffer): string[] {
  const forms = wholeAndInside(bytes);
  const urlSafe = forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'));
  const hex = bytes.toString('hex');
  return [...forms, ...urlSafe, hex, hex.toUpperCase()];
}

/**
 * The encoding of the value alone, padded or not, and what it always becomes inside something longer, at each of the three places
 * where it may begin there. At the ends of that stand characters which it shares with its neighbours: they are left, and say at most
 * four bits of a byte.
 */
function wholeAndInside(bytes: Buffer): string[] {
  const alone = bytes.toString('base64');
  return [alone, alone.replace(/=+$/, ''), ...[0, 1, 2].map((phase) => insideBase64(bytes, phase))];
}

function insideBase64(bytes: Buffer, phase: number): string {
  const encoded = Buffer.concat([Buffer.alloc(phase), bytes]).toString('base64');
  return encoded.slice(Math.ceil((8 * phase) / 6), Math.floor((8 * (phase + bytes.length)) / 6));
}

/** Behind a line break that comes after the first or the second digit, what follows is a form of its own. */
function base64Forms(bytes: Buffer): string[] {
  return wholeAndInside(bytes).flatMap((form) => [form, form.slice(2)]);
}

/** The same behind the first byte; and with a 0 between bytes, which is what stays of `0x68, 0x65`. */
function hexForms(bytes: Buffer): string[] {
  const whole = bytes.toString('hex');
  const listed = whole.replace(/..(?=.)/g, '$&0');
  return [whole, whole.slice(2), listed, listed.slice(3)];
}
