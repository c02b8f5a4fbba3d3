/** What a short line takes on disk besides its text, in the spool and in the store, is a multiple of this. */
const BYTES_A_LINE = 32;
const LEAST = 10_000;

/**
 * How many lines of output a run may write whose texts may have so many bytes. Bytes alone bound no disk: a gibibyte of lines of two bytes
 * would be some 60 of them there.
 */
export function mostLines(maxLogBytes: number): number {
  return Math.max(LEAST, Math.floor(maxLogBytes / BYTES_A_LINE));
}
