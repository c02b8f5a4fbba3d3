// oxlint-disable-next-line no-control-regex
const COLOUR = /\x1b\[[\d;:]*m/g;
// oxlint-disable-next-line no-control-regex
const RESET = /^\x1b\[0*m$/;

/**
 * What a terminal shows in the end of a line that starts over with carriage returns, as progress does: what follows the last one. One at
 * the end (CRLF) hides nothing. Colours that were switched on in what is gone stay on.
 */
export function lastState(text: string): string {
  if (!text.includes('\r')) return text;
  let end = text.length;
  while (text[end - 1] === '\r') end -= 1;
  const at = end === 0 ? -1 : text.lastIndexOf('\r', end - 1);
  return at < 0 ? text.slice(0, end) : coloursOf(text.slice(0, at)) + text.slice(at + 1, end);
}

/** The colours that are on behind a text. */
function coloursOf(text: string): string {
  const colours = text.match(COLOUR) ?? [];
  return colours.slice(colours.findLastIndex((colour) => RESET.test(colour)) + 1).join('');
}
