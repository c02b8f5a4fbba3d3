/** A word for a POSIX shell that comes out as it went in. */
export function shellWord(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
