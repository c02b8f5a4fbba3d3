const START = '::group::';
const END = '::endgroup::';

/** A line that begins a group of lines, with the group's name, or ends the last one that began. */
export type GroupMarker = { readonly kind: 'start'; readonly name: string } | { readonly kind: 'end' };

/** Reads `::group::name` and `::endgroup::`, alone on a line as several CI services have them; undefined for any other text. */
export function groupMarker(text: string): GroupMarker | undefined {
  if (!text.startsWith('::')) return undefined;
  if (text.startsWith(START)) return { kind: 'start', name: text.slice(START.length).trim() };
  return text.trimEnd() === END ? { kind: 'end' } : undefined;
}
