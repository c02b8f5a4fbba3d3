const BYTES = 100;

/** µs on a clock that all processes of this machine share and nobody sets. */
export function machineClockUs(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

/** A line of 100 bytes, line feed included, that says when it was written. */
export function timedLine(nth: number, atUs: number): string {
  return `${`written ${nth} at ${atUs} `.padEnd(BYTES - 1, '.')}\n`;
}

/** When a timed line was written, µs; undefined for any other. */
export function writtenAtUs(text: string): number | undefined {
  const at = /^written \d+ at (\d+) /.exec(text)?.[1];
  return at === undefined ? undefined : Number(at);
}
