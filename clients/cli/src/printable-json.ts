/** Somebody else's data for a person: indented, and with nothing in it that a terminal obeys. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replaceAll(
    // JSON escapes only the controls below a space; a terminal obeys more. Line feeds are the indentation's own.
    /[\p{Cc}\p{Cf}]/gu,
    (found) => (found === '\n' ? found : escaped(found)),
  );
}

function escaped(text: string): string {
  return Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join(
    '',
  );
}
